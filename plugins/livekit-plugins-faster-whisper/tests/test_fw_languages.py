from livekit.plugins.faster_whisper.languages import LanguageMemory


def test_a_speakers_language_is_remembered_from_enough_speech():
    memory = LanguageMemory()
    memory.heard("anna", "cy", voiced_s=0.4)  # a "ja" that sounded Welsh
    assert memory.of("anna") is None
    memory.heard("anna", "de", voiced_s=3.0)
    memory.heard("anna", "nn", voiced_s=0.5)
    assert memory.of("anna") == "de"
    assert memory.of("ben") is None


def test_the_memory_is_bounded():
    memory = LanguageMemory()
    for number in range(1000):
        memory.heard(str(number), "en", voiced_s=2.0)
    assert memory.of("0") is None
    assert memory.of("999") == "en"
