"""Checks Generated/ditharos.schema.json, and that it and the validator agree.

Exits with 1 when they do not. See README.md beside this file.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import jsonschema
import yaml

import mutants

# Rules that the schema expresses: a spec that breaks only these is refused by both.
EXPRESSED = {
    "spec.not-a-spec",        # `required`, and one key that makes a model
    "spec.language-version",  # `const: 1`
    "spec.unknown-key",       # `additionalProperties: false`
    "spec.missing-key",       # `required`, by kind and for a denoiser
    "spec.inapplicable-key",  # `if` the kind `then` the key is `false`
    "spec.contradiction",     # `not` both
    "spec.type",
    "spec.scalar",            # other notations are strings; see LAXER for 2.0 and 4e0
    "spec.range",
    "spec.choice",
    "spec.text",
    "spec.preset",
}

# Rules that the schema expresses in part: a spec that breaks them may be refused by it too.
PARTLY = {
    "spec.component",  # the form of the path, not whether there is such a file
    "spec.shape",      # empty lists, not lists of different lengths
}

# Rules about the YAML text: a reader refuses the text, or its tree is not the one checked.
TEXT = {
    "file.encoding", "yaml.alias", "yaml.duplicate-key", "yaml.feature", "yaml.limit", "yaml.syntax",
}

# Every other rule is about several values together. A spec that breaks only such rules must fit
# the schema: what it refuses otherwise would be a false alarm in an editor.

# Messages of rules of EXPRESSED that the schema leaves to the validator all the same.
LAXER = [
    # JSON has one number where YAML has several notations: 2.0 and 2e0 are integers.
    r"`-?\d+(\.0+|(\.\d+)?[eE][+-]?\d+)`, expected (an integer|a number of bytes|a number such)",
    # Keys of two mappings, found while decoding.
    r"`modulation\.(norm|sublayers)` contradicts",
    # A second discriminator, of sublayers.
    r"does not apply with `layers: linear`",
    # The product of the extents of `patch_size`.
    r"a patch has [0-9,]+ positions",
]

# What the schema refuses and the validator reads.
STRICTER = [
    # A plain `null` is a string where a string is expected; in JSON it is also the empty value.
    r"None is not of type 'string', 'number', 'boolean'",
]

INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


class SpecLoader(yaml.SafeLoader):
    """Reads plain scalars as the spec language does, which is the core schema of YAML 1.2 with
    decimal numbers alone. PyYAML by itself follows YAML 1.1, where `no` is false and `0o6` a
    string but `06` is six."""


def plain(loader, node):
    text = node.value
    if node.style is not None:
        return text
    if text in ("", "~", "null"):
        return None
    if text in ("true", "false"):
        return text == "true"
    if INTEGER.fullmatch(text):
        return int(text)
    if NUMBER.fullmatch(text):
        return float(text)
    return text


def mapping(loader, node):
    # Keys are always strings.
    return {
        key.value: loader.construct_object(value, deep=True) for key, value in node.value
    }


SpecLoader.yaml_implicit_resolvers = {}
SpecLoader.add_constructor("tag:yaml.org,2002:str", plain)
SpecLoader.add_constructor("tag:yaml.org,2002:map", mapping)


def read(path):
    with open(path, encoding="utf-8") as file:
        return yaml.load(file, Loader=SpecLoader)


def expected_rules(path):
    """The rules in the trailing comments of a file under Specs/invalid/."""
    comments = re.findall(r"^# expect: \S+ (\S+) (.*)$", path.read_text(encoding="utf-8"), re.M)
    return {rule for rule, _ in comments}


def first_problem(validator, document):
    problem = jsonschema.exceptions.best_match(validator.iter_errors(document))
    if problem and not any(re.search(pattern, problem.message) for pattern in STRICTER):
        return f"{problem.json_path}: {problem.message[:160]}"
    return None


def check_examples(schema, validator):
    """The examples and defaults of every key fit the key's own schema."""
    count = 0
    failures = []

    def visit(node, path):
        nonlocal count
        if isinstance(node, list):
            for index, element in enumerate(node):
                visit(element, f"{path}/{index}")
        if not isinstance(node, dict):
            return
        values = list(node.get("examples", []))
        values += [node["default"]] if "default" in node else []
        for value in values if isinstance(node.get("description"), str) else []:
            count += 1
            key = validator.evolve(schema={**node, "$defs": schema["$defs"]})
            if problem := first_problem(key, value):
                failures.append(f"{path}: {value!r} does not fit: {problem}")
        for key, value in node.items():
            if key not in ("examples", "default"):
                visit(value, f"{path}/{key}")

    visit(schema, "")
    return count, failures


def check_specs(folder, validator):
    """Specs/ and Specs/invalid/ against what the validator is known to say about them."""
    failures = []
    counts = {"valid": 0, "refused": 0, "left to the validator": 0, "text": 0}
    for path in sorted(folder.glob("*.yaml")):
        counts["valid"] += 1
        if problem := first_problem(validator, read(path)):
            failures.append(f"{path}: valid, but the schema refuses {problem}")
    for path in sorted((folder / "invalid").glob("*.yaml")):
        rules = expected_rules(path)
        # What a plan costs stands in no comment: budgets are the compiler's.
        if not rules and not path.name.startswith("budget-"):
            failures.append(f"{path}: no expected rule")
        if rules & TEXT:
            counts["text"] += 1
            continue
        problem = first_problem(validator, read(path))
        if rules & EXPRESSED:
            counts["refused"] += 1
            if not problem:
                failures.append(f"{path}: the schema accepts it, the validator says {rules}")
        elif not rules & PARTLY:
            counts["left to the validator"] += 1
            if problem:
                failures.append(f"{path}: the schema refuses {problem}, the validator says {rules}")
    return counts, failures


def check_mutants(folder, validator, program, seed, count):
    """Specs with one change each: both verdicts, from the program itself."""
    failures = []
    counts = {"accepted by both": 0, "refused by both": 0, "left to the validator": 0, "laxer": 0}
    documents = [read(path) for path in sorted(folder.glob("*.yaml"))]
    changed = list(mutants.mutants(documents, validator.schema, seed, count))
    with tempfile.TemporaryDirectory() as scratch:
        for index, document in enumerate(changed):
            # JSON is YAML, in the notation that both sides read alike.
            text = json.dumps(document, ensure_ascii=False)
            Path(scratch, f"{index:05}.yaml").write_text(text, encoding="utf-8")
        result = subprocess.run(
            [program, "validate", *sorted(str(path) for path in Path(scratch).iterdir()),
             "--format", "json"],
            capture_output=True, text=True, check=False)
        reports = {index: [] for index in range(len(changed))}
        for diagnostic in json.loads(result.stdout)["diagnostics"]:
            if diagnostic["severity"] == "error":
                reports[int(Path(diagnostic["primary"]["file"]).stem)].append(diagnostic)
    for index, document in enumerate(changed):
        rules = {diagnostic["rule"] for diagnostic in reports[index]}
        problem = first_problem(validator, document)
        clear = [
            diagnostic for diagnostic in reports[index]
            if diagnostic["rule"] in EXPRESSED
            and not any(re.search(pattern, diagnostic["message"]) for pattern in LAXER)
        ]
        text = json.dumps(document, ensure_ascii=False)[:2000]
        if clear and not problem:
            failures.append(f"the schema accepts what is wrong: {clear[0]['message']}\n  {text}")
        elif problem and not rules & (EXPRESSED | PARTLY):
            failures.append(
                f"the schema refuses {problem}; the validator says {sorted(rules)}\n  {text}")
        elif problem:
            counts["refused by both"] += 1
        elif not rules:
            counts["accepted by both"] += 1
        elif rules & EXPRESSED:
            counts["laxer"] += 1
        else:
            counts["left to the validator"] += 1
    return counts, failures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", help="ditharos; with it, changed specs are tried too")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mutants", type=int, default=2000)
    options = parser.parse_args()
    root = Path(__file__).resolve().parent.parent.parent

    schema = json.loads((root / "Generated/ditharos.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    print("schema: fits the metaschema of draft 2020-12")

    count, failures = check_examples(schema, validator)
    print(f"schema: {count} examples and defaults tried against their keys")
    checks = [check_specs(root / "Specs", validator)]
    if options.program:
        checks.append(
            check_mutants(root / "Specs", validator, options.program, options.seed,
                          options.mutants))
    for counts, found in checks:
        failures += found
        print("schema: " + ", ".join(f"{value} {name}" for name, value in counts.items()))
    for failure in failures:
        print(f"schema: error: {failure}", file=sys.stderr)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
