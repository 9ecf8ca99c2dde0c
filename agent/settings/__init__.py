"""Every setting of the studio: one frozen tree, read once from the environment and `.env`, passed down in slices.

`load()` is the only place that looks at the environment. A setting's variable is its path in the tree,
`STUDIO_FLOOR__MAX_AI_TURNS`, or a plain well-known name such as `PORT` or `ANTHROPIC_API_KEY`.
"""

from __future__ import annotations

from agent.settings.choices import EarChoice, MindChoice, VoiceChoice
from agent.settings.load import Loaded, Origin, load
from agent.settings.persona_files import COHOST, PersonaFile, PersonaFileError, list_personas
from agent.settings.personas import PersonaSettings
from agent.settings.problems import Problem, SettingsError
from agent.settings.providers import (
    AnthropicSettings,
    CompatibleSettings,
    GoogleSettings,
    LlmSettings,
    ProvidersSettings,
    SpeechSettings,
    SttSettings,
)
from agent.settings.recording import EgressSettings, RecordingSettings
from agent.settings.tree import (
    BriefingsSettings,
    LiveKitSettings,
    PersonasSettings,
    ServicesSettings,
    Settings,
    WebSettings,
    WorkerSettings,
)

__all__ = [
    "COHOST",
    "AnthropicSettings",
    "BriefingsSettings",
    "CompatibleSettings",
    "EarChoice",
    "EgressSettings",
    "GoogleSettings",
    "LiveKitSettings",
    "LlmSettings",
    "Loaded",
    "MindChoice",
    "Origin",
    "PersonaFile",
    "PersonaFileError",
    "PersonaSettings",
    "PersonasSettings",
    "Problem",
    "ProvidersSettings",
    "RecordingSettings",
    "ServicesSettings",
    "Settings",
    "SettingsError",
    "SpeechSettings",
    "SttSettings",
    "VoiceChoice",
    "WebSettings",
    "WorkerSettings",
    "list_personas",
    "load",
]
