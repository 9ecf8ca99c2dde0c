"""What the bench's speakers say. A bar marks where a speaker hesitates in mid-sentence.

Two halves: settings were chosen on TUNE, figures are given for TEST. No sentence is in both.
"""

from __future__ import annotations

TURNS_TUNE = (
    "So tell me, what do you think about running language models at home?",
    "Claude, how would you explain this to a listener who has never heard of it?",
    "And what does the guest think about that?",
    "I read the report last night and I was honestly surprised by the numbers.",
    "We had the same problem in our team about two years ago.",
    "That sounds expensive. Who is going to pay for all of this?",
    "Let's talk about something else for a minute.",
    "Do you remember the first computer you ever used?",
    "My father worked in a factory for thirty years, and he never complained.",
    "I don't agree with you on that one.",
    "What would you do if you were in charge of the school?",
    "The train was late again this morning.",
    "How long does it take to learn something like that?",
    "Can you give us an example from your own work?",
    "People always say that, but nobody ever does anything about it.",
    "It was raining the whole week, so we stayed inside and played cards.",
    "Is there a difference between the two at all?",
    "I would rather have a small garden than a big house.",
    "Welcome back to the show, everybody.",
    "The second book is much better than the first one.",
    "Why did they change the name of the company?",
    "She told me the whole story over dinner.",
    "Guest, you have been very quiet about this.",
    "It costs about two hundred dollars a month.",
)

TURNS_TEST = (
    "So why is everybody talking about small models all of a sudden?",
    "Claude, what was the most surprising thing you learned this year?",
    "I spent ten years in that city and I still get lost.",
    "Could you say that again in simpler words?",
    "There is one thing that nobody mentions in these discussions.",
    "Does the guest have a different opinion here?",
    "We moved to the coast when I was seven.",
    "I think the first answer was better.",
    "Where do you see this going in the next five years?",
    "My neighbour bought an electric car and sold it after a month.",
    "That is a very good question, and I don't have a good answer.",
    "Who decides which of these projects gets the money?",
    "The weather has been strange all summer.",
    "Have you ever changed your mind about something important?",
    "It took us three weeks to find the mistake.",
    "Let me ask you something more personal.",
    "They closed the library because nobody wanted to pay for it.",
    "What happens to all the data when the company is sold?",
    "I used to play the piano, but I stopped in my twenties.",
    "Is it true that you wrote the book in one summer?",
    "Nobody told me that the meeting had been moved.",
    "We should invite her to the next episode.",
    "How do you explain that to a child of eight?",
    "The food was great, but the service was terrible.",
)

HESITATIONS_TUNE = (
    "I think | the point is that nobody knows.",
    "The reason I ask is | that we tried the same thing last year.",
    "What I find interesting is that | most people never notice.",
    "We went to the | station and waited for an hour.",
    "If you look at the numbers, | it becomes clear very quickly.",
    "My question is about | the cost of all this.",
    "It was a long day because | the train broke down twice.",
    "When I was a student, | we had no computers at all.",
    "You could say that the | whole idea came from a mistake.",
    "I would like to know | how you got started.",
    "There are two things | that I would like to mention.",
    "Most of the people I talked to | had never heard of it.",
    "The problem with that argument | is that it proves too much.",
    "She wanted to become a doctor, but | her parents had other plans.",
    "On the one hand | it saves a lot of time.",
    "And then we decided to | start the whole thing again.",
    "The company was founded in | nineteen ninety four.",
    "He said that after the war | everything was different.",
    "Claude, do you think that | machines can be creative?",
    "So the question for you is, | what would you change?",
    "I am not sure whether | we should do that at all.",
    "As far as I can tell, | the plan is working.",
    "The best part of the book | comes near the end.",
    "We need more time and | a lot more money.",
)

HESITATIONS_TEST = (
    "I guess | it depends on who you ask.",
    "The funny thing is | that it worked the first time.",
    "One of the things that | I never understood is the price.",
    "He came into the | kitchen and started to laugh.",
    "When you talk to young people, | they see it differently.",
    "I wanted to ask about | your second book.",
    "They cancelled the concert because | the singer was ill.",
    "After the first year, | we almost gave up.",
    "Some would argue that the | real problem is somewhere else.",
    "I would love to hear | what the guest thinks.",
    "There was a moment | when nobody said anything.",
    "The people who built this | did not expect so many users.",
    "My only concern | is that it takes too long.",
    "I grew up in a small town, and | everybody knew each other.",
    "In the end | it was a very simple decision.",
    "You have to be able to | explain it in one sentence.",
    "The bridge was built in | eighteen seventy two.",
    "She told us that during the winter | the road is closed.",
    "Claude, would you agree that | this was a mistake?",
    "What I want to know is, | who is responsible for it?",
    "We talked for hours about | music and films.",
    "If I remember correctly, | you were the first to say it.",
    "The hardest thing about this work | is the waiting.",
    "It needs a better name and | a new design.",
)

SHORT_TUNE = (
    "Yes.",
    "Stop.",
    "Go on.",
    "Claude?",
    "Right.",
    "Why?",
    "Hold on.",
    "I don't know.",
    "Wait a second.",
    "Yeah.",
)
SHORT_TEST = (
    "No.",
    "Wait.",
    "Continue.",
    "Guest?",
    "Exactly.",
    "How so?",
    "Excuse me.",
    "Of course.",
    "One moment.",
    "Okay.",
)

# ---- calls: a name, and a sentence behind it ----

NAMES_TUNE = ("Claude", "Nova", "Mira", "Kai", "Priya", "Anna")
NAMES_TEST = ("Ada", "Vera", "Zoe", "Otto", "Jasper", "Lena")
CALLED_TUNE = (
    "{name}, what do you make of all that?",
    "{name}, tell us about your garden.",
    "Right, but {name}, do you like them?",
    "Is that what you meant, {name}?",
)
CALLED_TEST = (
    "{name}, how would you explain that to a child?",
    "{name}, where did you read about it?",
    "Fine, and {name}, have you been there?",
    "Would you do it again, {name}?",
)
# Nobody is called, though it begins like a call.
UNCALLED_TUNE = (
    "Hm, wait, can we go back a step?",
    "Well, who is going to pay for it?",
    "No, what I mean is the price.",
    "Mirror, mirror on the wall, who is the fairest?",
    "Clouds, rain and wind are what I like.",
)
UNCALLED_TEST = (
    "Hm, what would your mother say to that?",
    "And, um, where was that?",
    "Yeah, but who was the first one to do it?",
    "Honestly, I would rather stay home.",
    "Later, on the way back, it began to snow.",
)

# ---- pauses behind a clause that could stand alone ----

CLAUSES_TUNE = (
    "My neighbour bought an electric car | and sold it after a month.",
    "I used to play the piano | but I stopped in my twenties.",
    "That is a very good question | and I don't have a good answer.",
    "My father worked in a factory | and he never complained.",
    "We tried it for a year | and then we gave up.",
    "I like the idea | but it will never work in practice.",
    "We could fly to Rome | or we could take the night train.",
    "I saw your talk in Berlin | where you spoke about the budget.",
    "The old model was slow | which is why nobody used it.",
    "It costs two hundred dollars | if you buy it in advance.",
    "Everybody knows that story | or at least they think they do.",
    "We had a plan | and the plan was to do nothing.",
    "The doctor told me to rest | so I stayed at home.",
    "He looked at the screen | and started to laugh.",
    "Our team is very small | but we have a lot of fun.",
    "What do you think about it | and what would you change?",
    "Can we talk about the money | before we go on?",
    "Who told you that | and why did you believe it?",
)
CLAUSES_TEST = (
    "The food was great | but the service was terrible.",
    "They closed the library | because nobody wanted to pay for it.",
    "I read the report last night | and I was honestly surprised.",
    "It was raining the whole week | so we stayed inside.",
    "He wrote three books about it | before anybody noticed.",
    "She called me on Monday | to tell me about the job.",
    "The numbers went up in spring | and came down again in autumn.",
    "You said that on the last show | when we had the mayor with us.",
    "They sent the letter in March | but it never arrived.",
    "I moved to the coast | because I wanted to see the sea.",
    "The second half is better | although it is much too long.",
    "I bought the book yesterday | and read it in one go.",
    "There was a garden behind the house | with a very old apple tree.",
    "The project was finished | two years later than planned.",
    "I met her in the kitchen | during the break.",
    "Do you still live there | or have you moved?",
    "How did you find it | when you were only a student?",
)
