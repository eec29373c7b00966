"""Specs with one change each, made of the shipped specs and of the schema's own examples."""

import copy
import random

# Values that fit few keys.
ODD = [
    None, True, False, 0, 1, -1, 2, 3, 7, 0.5, -0.5, 1.5, 65536, 65537, 10**7, 2.5e9, "", "none",
    "linear", "relu", "x", "a b", "../x", "512MiB", "40M", "7Q", [], {}, [1], [1, 2], [2, 2, 2],
    [[1, 2], [3, 4]], ["c", "h", "w"], ["shift", "scale"], {"kind": "none"}, {"file": "x.yaml"},
    {"x": 1}, [None], ["attention"], 10**19, 10**39,
]

# Keys of the root that contradict others.
UNFIT = {
    "image", "video", "autoencoder", "preset", "blocks", "depth", "heads", "attention",
    "feed_forward", "norm",
}

LATENT = {"channels": 4, "height": 8, "width": 8}

# What the shipped specs do not show: presets and a stack of blocks.
SMALL = [
    {"ditharos": 1, "name": "preset", "preset": "dit-s", "latent": LATENT, "patch_size": 2},
    {
        "ditharos": 1, "name": "blocks", "latent": LATENT, "patch_size": 2, "latent_dim": 16,
        "blocks": [
            {"repeat": 2, "sublayers": [
                {"kind": "attention", "heads": 4, "norm": {"kind": "layer", "epsilon": 1e-5}},
                {"kind": "feed_forward", "layers": "mlp", "hidden": 32, "activation": "relu"}]},
            {"sublayers": [{"kind": "feed_forward", "name": "last", "layers": "linear"}]},
        ],
        "conditioning": {"label": {"classes": 10}},
    },
]


def mutants(documents, schema, seed, count):
    """`count` documents; the same for the same seed."""
    source = random.Random(seed)
    properties = known_properties(schema)
    documents = documents + SMALL
    bases = documents + [grown(document, schema) for document in documents]
    for _ in range(count):
        document = copy.deepcopy(source.choice(bases))
        change(document, properties, source)
        yield document


def grown(document, schema):
    """A document with the examples of the root's keys that it leaves out and that fit most."""
    document = copy.deepcopy(document)
    for key, value in schema["properties"].items():
        if key not in document and key not in UNFIT:
            document[key] = copy.deepcopy(value["examples"][0])
    return document


def known_properties(schema):
    """Key to the examples, defaults and names that the schema knows for it, mappings mixed."""
    found = {}

    def visit(node):
        if isinstance(node, list):
            for element in node:
                visit(element)
        if isinstance(node, dict):
            for key, value in (node.get("properties") or {}).items():
                if isinstance(value, dict):
                    values = found.setdefault(key, [])
                    values += value.get("examples", []) + value.get("enum", [])
                    values += [value["default"]] if "default" in value else []
            for value in node.values():
                visit(value)

    visit(schema)
    return found


def places(node):
    """All (holder, key) pairs of mappings and lists."""
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in list(items):
        yield node, key
        if isinstance(value, (dict, list)):
            yield from places(value)


def change(document, properties, source):
    holder, key = source.choice(list(places(document)))
    kind = source.randrange(6)
    if kind == 0 and isinstance(holder, dict):
        del holder[key]
    elif kind == 1 and isinstance(holder, dict):
        added = source.choice(sorted(properties))
        holder[added] = copy.deepcopy(source.choice(properties[added] or ODD))
    elif kind == 2 and isinstance(holder, dict):
        holder[key + source.choice("xs_")] = holder.pop(key)
    elif kind == 3 and properties.get(key):
        holder[key] = copy.deepcopy(source.choice(properties[key]))
    elif kind == 4:
        names = sorted(properties)
        holder[key] = copy.deepcopy(source.choice(properties[source.choice(names)] or ODD))
    else:
        holder[key] = copy.deepcopy(source.choice(ODD))
