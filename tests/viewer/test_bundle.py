"""Scripts are joined without a tool of JavaScript's; what cannot be joined safely is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from townlet.errors import TownletError
from townlet.viewer.bundle import join_modules


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.js").write_text(text, encoding="utf-8")
    return folder


def test_what_is_imported_stands_before_what_imports_it_and_once(tmp_path: Path) -> None:
    write(
        tmp_path,
        main='import { a } from "./a.js";\nimport { b } from "./b.js";\na(b);\n',
        a='import { b } from "./b.js";\nexport function a(x) { return x + b; }\n',
        b="// the number\nexport const b = 1;\n",
    )
    assert join_modules("main.js", tmp_path) == "const b = 1;\n\nfunction a(x) { return x + b; }\n\na(b);\n"


def test_a_name_declared_twice_is_refused(tmp_path: Path) -> None:
    write(
        tmp_path,
        main='import { a } from "./a.js";\nconst helper = a;\n',
        a="export const a = 1;\nfunction helper() {}\n",
    )
    with pytest.raises(TownletError, match=r"helper is declared in a\.js and in main\.js"):
        join_modules("main.js", tmp_path)


def test_a_circle_is_refused(tmp_path: Path) -> None:
    write(tmp_path, main='import { a } from "./a.js";\n', a='import { b } from "./main.js";\n')
    with pytest.raises(TownletError, match=r"main\.js -> a\.js -> main\.js"):
        join_modules("main.js", tmp_path)


@pytest.mark.parametrize(
    "line",
    ['import a from "./a.js";', 'import * as a from "./a.js";', "export default 1;", 'export { b } from "./a.js";'],
)
def test_other_forms_of_imports_and_exports_are_refused(tmp_path: Path, line: str) -> None:
    write(tmp_path, main=line + "\n", a="")
    with pytest.raises(TownletError, match="in a form that cannot be joined"):
        join_modules("main.js", tmp_path)
