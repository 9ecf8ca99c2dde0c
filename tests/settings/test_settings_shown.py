"""What people see of the settings: the table and the example file, without a secret in either."""

from __future__ import annotations

from pathlib import Path

from dotenv import dotenv_values

from agent.settings import load
from agent.settings.show import effective, example
from agent.settings.variables import variables

ROOT = Path(__file__).resolve().parents[2]
KEY = "sk-ant-REALKEY0123456789"


def test_the_table_hides_secrets_and_tells_origins() -> None:
    loaded = load(
        {"ANTHROPIC_API_KEY": KEY, "PORT": "4001", "OPENAI_BASE_URL": "https://anna:hunter2@proxy.example/v1"},
        env_file=None,
    )
    rows = {row.variable.name: row for row in effective(loaded)}
    assert rows["ANTHROPIC_API_KEY"].value == "**********"
    assert rows["ANTHROPIC_API_KEY"].origin == "environment"
    assert rows["PORT"].value == "4001"
    assert rows["OPENAI_BASE_URL"].value == "https://***@proxy.example/v1"
    assert rows["OPENAI_API_KEY"].value == ""
    assert rows["STUDIO_FLOOR__FOLLOW_UP"].value == "true"
    assert set(rows) == {variable.name for variable in variables()}


def test_the_example_file_is_current() -> None:
    assert (ROOT / ".env.example").read_text() == example(), "run 'studio config --example > .env.example'"


def test_the_example_file_changes_nothing_when_every_line_is_uncommented(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    lines = example().splitlines()
    file.write_text(
        "\n".join(line[1:] if line.startswith("#") and not line.startswith("# ") else line for line in lines)
    )
    assert set(dotenv_values(file)) == {variable.name for variable in variables()}
    assert load({}, env_file=file).settings == load({}, env_file=None).settings


def test_every_setting_explains_itself() -> None:
    dumb = [variable.name for variable in variables() if not variable.description and variable.accepts == "text"]
    assert [name for name in dumb if not name.endswith(("_BASE_URL", "_MODEL"))] == []
