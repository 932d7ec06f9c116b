"""What an installer sees of a fences file, without a running agent."""

from __future__ import annotations

import io
import json

from fence_shapes import box
from typer.testing import CliRunner

from store_agent.cli import app
from store_agent.commands.decode_fences import decode_fences


def feature(fence_id, ring, **properties) -> dict:
    geometry = {"type": "Polygon", "coordinates": [ring]}
    return {"type": "Feature", "id": fence_id, "geometry": geometry, "properties": properties}


def written(folder, name, *features) -> str:
    path = folder / name
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return str(path)


def decoded(*file_names) -> list[dict]:
    out = io.StringIO()
    decode_fences(io.StringIO("".join(f"{name}\n" for name in file_names)), out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


SHOP = box(13.4, 52.5, 13.401, 52.501)


def test_a_usable_file_names_its_fences(tmp_path) -> None:
    name = written(tmp_path, "fine.geojson", feature("shop", SHOP), feature("till", SHOP))
    assert decoded(name) == [{"ok": True, "errors": [], "warnings": [], "fences": ["shop", "till"]}]


def test_every_fault_is_told_with_its_feature(tmp_path) -> None:
    name = written(tmp_path, "bad.geojson", feature("shop", SHOP[:-1]), feature("x", SHOP, kind=1))
    (told,) = decoded(name)
    assert not told["ok"]
    assert told["fences"] == []
    assert [error["feature"] for error in told["errors"]] == ["shop", "x"]
    assert told["errors"][0]["reason"].startswith("a ring is not closed")


def test_a_warning_is_no_error(tmp_path) -> None:
    name = written(tmp_path, "wide.geojson", feature("region", box(13, 52, 14, 53)))
    (told,) = decoded(name)
    assert told["ok"]
    assert told["warnings"][0]["feature"] == "region"


def test_files_that_cannot_be_read_do_not_stop_the_others(tmp_path) -> None:
    good = written(tmp_path, "fine.geojson", feature("shop", SHOP))
    (tmp_path / "latin.geojson").write_bytes(b"\xe4")
    told = decoded(
        tmp_path / "missing.geojson", tmp_path, "", "a\0b", tmp_path / "latin.geojson", good
    )
    assert [one["ok"] for one in told] == [False] * 5 + [True]
    assert all(one["errors"][0]["feature"] == "" for one in told[:5])
    assert told[0]["errors"][0]["reason"] == "cannot be read: No such file or directory"
    assert told[4]["errors"][0]["reason"] == "is not UTF-8: byte 0"


def test_the_command_reads_names_from_standard_input(tmp_path) -> None:
    name = written(tmp_path, "fine.geojson", feature("shop", SHOP))
    result = CliRunner().invoke(app, ["decode", "fences"], input=f"{name}\r\n")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["ok"] is True


def test_the_command_takes_names_as_arguments_too(tmp_path) -> None:
    name = written(tmp_path, "fine.geojson", feature("shop", SHOP))
    result = CliRunner().invoke(app, ["decode", "fences", name, "missing.geojson"])
    told = [json.loads(line)["ok"] for line in result.stdout.splitlines()]
    assert (result.exit_code, told) == (0, [True, False])
