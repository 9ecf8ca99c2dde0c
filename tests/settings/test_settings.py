"""Settings: what stands in the environment and `.env` is what the studio gets, or it says all that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from agent.settings import EarChoice, MindChoice, Problem, Settings, SettingsError, load
from agent.settings.variables import variables

KEY = "sk-ant-REALKEY0123456789"


def settings(**environ: str) -> Settings:
    return load(environ, env_file=None).settings


def problems(**environ: str) -> dict[str, Problem]:
    with pytest.raises(SettingsError) as caught:
        load(environ, env_file=None)
    assert len({problem.variable for problem in caught.value.problems}) == len(caught.value.problems)
    return {problem.variable: problem for problem in caught.value.problems}


def test_nothing_set_is_a_show_without_any_account() -> None:
    everything = settings()
    assert everything.web.port == 4000
    assert everything.providers.stt == (EarChoice("faster-whisper"),)
    assert everything.minds("claude") == everything.minds("guest") == (MindChoice("local"),)
    assert everything.stand_in
    assert everything.needs_llama
    assert everything.needs_piper


def test_a_key_puts_claude_into_the_chair() -> None:
    everything = settings(ANTHROPIC_API_KEY=KEY)
    assert everything.minds("claude") == (MindChoice("anthropic", "claude-haiku-4-5"),)
    assert not everything.stand_in
    assert everything.needs_llama  # the guest's


def test_a_mind_may_name_its_model_and_its_fallback() -> None:
    everything = settings(GUEST="groq:llama-3.1-8b-instant, local", GROQ_API_KEY="gsk_1234567890")
    assert everything.minds("guest") == (MindChoice("groq", "llama-3.1-8b-instant"), MindChoice("local"))


def test_a_claude_model_is_a_mind_by_its_name() -> None:
    assert settings(COHOST="claude-opus-4-6", ANTHROPIC_API_KEY=KEY).minds("claude") == (
        MindChoice("anthropic", "claude-opus-4-6"),
    )


def test_nested_settings_are_named_by_their_path() -> None:
    assert settings(STUDIO_FLOOR__MAX_AI_TURNS="3").floor.max_ai_turns == 3


def test_every_name_is_unique_and_plain_or_prefixed() -> None:
    names = [variable.name for variable in variables()]
    assert len(set(names)) == len(names)
    assert {"PORT", "STT", "TTS", "COHOST", "GUEST", "LANGUAGE", "LIVEKIT_URL", "XAI_API_KEY"} <= set(names)


def test_the_tree_is_frozen() -> None:
    everything = settings()
    with pytest.raises(ValidationError):
        everything.web.port = 1  # type: ignore[misc]
    with pytest.raises(ValidationError):
        everything.home = Path()  # type: ignore[misc]


def test_the_environment_comes_before_the_file_and_each_value_knows_its_origin(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("PORT=4001\nLANGUAGE='de'  # for tonight\nSTUDIO_LOG_LEVEL=\nexport STT=faster-whisper\n")
    loaded = load({"PORT": "4002"}, env_file=file)
    assert (loaded.settings.web.port, loaded.origins["PORT"]) == (4002, "environment")
    assert (loaded.settings.providers.language, loaded.origins["LANGUAGE"]) == ("de", ".env")
    assert (loaded.settings.log_level, loaded.origins["STUDIO_LOG_LEVEL"]) == ("info", "default")
    assert loaded.origins["STT"] == ".env"


def test_a_desktops_language_list_does_not_decide_the_shows(tmp_path: Path) -> None:
    assert settings(LANGUAGE="de_DE:de").providers.language == "en"
    assert settings(LANGUAGE="de_DE").providers.language == "en"
    assert settings(LANGUAGE="de").providers.language == "de"
    assert settings(LANGUAGE="pt-BR").providers.language == "pt"


def test_every_problem_is_told_at_once() -> None:
    found = problems(
        PORT="http", STUDIO_FLOOR__MAX_AI_TURNS="0", GUEST="grok", LIVEKIT_URL="localhost:7880", STT="deepgram"
    )
    assert set(found) == {"PORT", "STUDIO_FLOOR__MAX_AI_TURNS", "GUEST", "LIVEKIT_URL", "DEEPGRAM_API_KEY"}
    assert "whole number from 1 to 65535 (default 4000)" in found["PORT"].fix
    assert "did you mean xai?" in found["GUEST"].fix
    assert "ws://127.0.0.1:7880" in found["LIVEKIT_URL"].fix
    assert found["DEEPGRAM_API_KEY"].wrong == "is missing, and STT asks for deepgram"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("STUDIO_FLOR__MAX_AI_TURNS", "STUDIO_FLOOR__MAX_AI_TURNS"),
        ("STUDIO_FLOOR_MAX_AI_TURNS", "STUDIO_FLOOR__MAX_AI_TURNS"),
        ("STUDIO_WEB__PROT", "STUDIO_WEB__HOST"),
        ("studio_home_", "STUDIO_HOME"),
    ],
)
def test_a_misspelt_name_of_ours_is_caught(name: str, meant: str) -> None:
    assert meant in problems(**{name: "3"})[name].fix


def test_in_the_file_a_near_miss_of_a_plain_name_is_caught_too(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(f"ANTROPIC_API_KEY={KEY}\nHTTP_PROXY=http://proxy\n")
    with pytest.raises(SettingsError) as caught:
        load({"ANTHROPIC_APIKEY": KEY}, env_file=file)  # the environment is not ours: other programs' names live there
    assert [problem.variable for problem in caught.value.problems] == ["ANTROPIC_API_KEY"]
    assert caught.value.problems[0].fix == "did you mean ANTHROPIC_API_KEY?"
    assert KEY not in str(caught.value)


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes(b"\xff\xfe\x00PORT")
    with pytest.raises(SettingsError, match="cannot be read"):
        load({}, env_file=file)


@pytest.mark.parametrize(
    ("chosen", "missing"),
    [
        ({"COHOST": "claude-haiku-4-5"}, {"ANTHROPIC_API_KEY"}),
        ({"GUEST": "openai"}, {"OPENAI_API_KEY"}),
        ({"GUEST": "together"}, {"TOGETHER_API_KEY"}),
        ({"GUEST": "xai,groq"}, {"XAI_API_KEY", "GROQ_API_KEY"}),
        ({"GUEST": "openai-compatible"}, {"OPENAI_COMPATIBLE_BASE_URL", "OPENAI_COMPATIBLE_MODEL"}),
        ({"STT": "assemblyai"}, {"ASSEMBLYAI_API_KEY"}),
        ({"TTS": "google"}, {"GOOGLE_APPLICATION_CREDENTIALS"}),
        ({"TTS": "openai-compatible"}, {"STUDIO_PROVIDERS__SPEECH__BASE_URL"}),
        ({"LIVEKIT_URL": "wss://x.livekit.cloud"}, {"LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"}),
        ({"LIVEKIT_API_KEY": "APIx"}, {"LIVEKIT_API_SECRET"}),
        ({"LIVEKIT_API_KEY": "devkey", "LIVEKIT_API_SECRET": "secret"}, {"LIVEKIT_API_SECRET"}),
        ({"PORT": "7880"}, {"PORT"}),
        ({"STUDIO_LIVEKIT__CONFIG": "/nowhere.yaml"}, {"STUDIO_LIVEKIT__CONFIG"}),
        ({"STUDIO_SERVICES__LLAMA_MODEL": "/nowhere.gguf"}, {"STUDIO_SERVICES__LLAMA_MODEL"}),
        ({"STUDIO_PERSONAS__GUEST__VOICE": "/nowhere.onnx"}, {"STUDIO_PERSONAS__GUEST__VOICE"}),
        (
            {"TTS": "google", "GOOGLE_APPLICATION_CREDENTIALS": "/nowhere.json"},
            {"GOOGLE_APPLICATION_CREDENTIALS"},
        ),
    ],
)
def test_what_a_choice_needs_is_asked_for(chosen: dict[str, str], missing: set[str]) -> None:
    found = problems(**chosen)
    assert set(found) == missing
    assert all(problem.fix for problem in found.values())


@pytest.mark.parametrize("value", ["your-key-here", "sk-ant-...", "<key>", "changeme", "xxxxxxxx"])
def test_a_placeholder_is_no_key(value: str) -> None:
    assert "placeholder" in problems(ANTHROPIC_API_KEY=value)["ANTHROPIC_API_KEY"].wrong


def test_secrets_never_show() -> None:
    everything = settings(ANTHROPIC_API_KEY=KEY, LIVEKIT_API_KEY="APIx", LIVEKIT_API_SECRET="s" * 40)
    for text in (repr(everything), str(everything), everything.model_dump_json()):
        assert KEY not in text
        assert "s" * 40 not in text
    spoilt = problems(ANTHROPIC_API_KEY=f"{KEY} and more")["ANTHROPIC_API_KEY"]
    assert KEY not in str(spoilt)


def test_importing_reads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_NO_SUCH_THING", "1")
    with pytest.raises(SettingsError, match="STUDIO_NO_SUCH_THING"):
        load(env_file=None)
    assert load({}, env_file=None).settings.web.port == 4000


def test_egress_needs_one_place_to_write_to() -> None:
    assert settings().recording.back_ends == ("local",)
    chosen = settings(RECORDING="local, egress", STUDIO_RECORDING__EGRESS__FOLDER="/srv/egress")
    assert chosen.recording.uses_egress
    assert (
        "remove one"
        in problems(
            RECORDING="local,egress",
            STUDIO_RECORDING__EGRESS__FOLDER="/srv/egress",
            STUDIO_RECORDING__EGRESS__S3_BUCKET="shows",
            STUDIO_RECORDING__EGRESS__S3_ACCESS_KEY="AKIAREAL",
            STUDIO_RECORDING__EGRESS__S3_SECRET="s3cr3tREAL",
        )["STUDIO_RECORDING__EGRESS__S3_BUCKET"].fix
    )
    assert set(problems(RECORDING="local,egress", STUDIO_RECORDING__EGRESS__S3_BUCKET="shows")) == {
        "STUDIO_RECORDING__EGRESS__S3_ACCESS_KEY",
        "STUDIO_RECORDING__EGRESS__S3_SECRET",
    }
    assert "RECORDING=local" in problems(RECORDING="local,egress")["STUDIO_RECORDING__EGRESS__FOLDER"].fix
    relative = problems(RECORDING="local,egress", STUDIO_RECORDING__EGRESS__FOLDER="out")
    assert "SERVICE_FOLDER" in relative["STUDIO_RECORDING__EGRESS__FOLDER"].fix


@pytest.mark.parametrize("value", ["egress", "cloud", "local,disk"])
def test_the_recording_on_this_machine_cannot_be_left_out(value: str) -> None:
    assert "RECORDING=local" in problems(RECORDING=value)["RECORDING"].fix
