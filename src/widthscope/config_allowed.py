"""Says in words what a setting may be, from its JSON schema: one wording for errors and for the docs."""

from typing import Any

Schema = dict[str, Any]

KINDS = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "null": "empty",
    "object": "a section of settings",
}


def resolve(schema: Schema, root: Schema) -> Schema:
    """The schema that a ``$ref`` points at, with what is said beside the reference; others unchanged."""
    while "$ref" in schema:
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        schema = {**root["$defs"][schema["$ref"].rpartition("/")[2]], **beside}
    return schema


def child(schema: Schema, part: str | int, root: Schema) -> Schema | None:
    """The schema of a member: a key of a section, or a place in a list; None if it has no such member."""
    for branch in [schema, *schema.get("anyOf", ()), *schema.get("oneOf", ())]:
        branch = resolve(branch, root)
        found: Any = None
        if isinstance(part, str):
            found = branch.get("properties", {}).get(part)
            if found is None and isinstance(branch.get("additionalProperties"), dict):
                found = branch["additionalProperties"]
        else:
            fixed = branch.get("prefixItems", ())
            found = fixed[part] if part < len(fixed) else branch.get("items")
        if isinstance(found, dict):
            return resolve(found, root)
    return None


def allowed(schema: Schema, root: Schema) -> str:
    """What the setting may be, as the end of "it must be ..."."""
    schema = resolve(schema, root)
    if "const" in schema:
        return _quoted(schema["const"])
    if "enum" in schema:
        return _either([_quoted(choice) for choice in schema["enum"]])
    branches = schema.get("anyOf") or schema.get("oneOf")
    if branches:
        return _either([allowed(branch, root) for branch in branches])
    kind = schema.get("type")
    if kind == "array":
        return _array(schema, root)
    text = KINDS.get(str(kind), "another value")
    if kind in ("integer", "number"):
        text = _multiple(text, schema) + bounds(schema)
    elif kind == "string" and "pattern" in schema:
        text += f" that matches {schema['pattern']}"
    elif kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        text = "a mapping" + (" with at least one entry" if schema.get("minProperties") == 1 else "")
    return text


def bounds(schema: Schema) -> str:
    """The range of a number, as in " from 2 to 1048576" or " above 0"; empty if it has none."""
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if low is not None and above is not None:  # a named type and a field each give one: the tighter counts
        low, above = (low, None) if low > above else (None, above)
    if high is not None and below is not None:
        high, below = (high, None) if high < below else (None, below)
    if low is not None and high is not None:
        return f" from {_number(low)} to {_number(high)}"
    parts = [
        f"{word} {_number(value)}"
        for word, value in (("of at least", low), ("above", above), ("of at most", high), ("below", below))
        if value is not None
    ]
    return f" {' and '.join(parts)}" if parts else ""


def _multiple(kind: str, schema: Schema) -> str:
    """The kind of number, with what it must be a multiple of."""
    step = schema.get("multipleOf")
    if step is None:
        return kind
    return "an even number" if step == 2 else f"a multiple of {_number(step)}"


def _array(schema: Schema, root: Schema) -> str:
    if "prefixItems" in schema:
        return "a list of " + ", ".join(allowed(item, root) for item in schema["prefixItems"])
    least, most = schema.get("minItems", 0), schema.get("maxItems")
    order = "an increasing list" if schema.get("x-order") == "increasing" else "a list"
    if schema.get("uniqueItems") and "x-order" not in schema:
        order = "a list without repetition"
    if most is not None:
        order += f" with {least if least == most else f'{least} to {most}'} values"
    elif least > 1:
        order += f" with at least {least} values"
    items = schema.get("items")
    return f"{order}, each {allowed(items, root)}" if items else order


def _either(options: list[str]) -> str:
    return options[0] if len(options) == 1 else f"{', '.join(options[:-1])} or {options[-1]}"


def _quoted(value: Any) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value)


def _number(value: float) -> str:
    """A bound as people write it: powers of two and ten from a million on by their exponent."""
    if isinstance(value, int) and value >= 10**6:
        power = value.bit_length() - 1
        if value == 2**power:
            return f"2^{power}"
        if str(value).rstrip("0") == "1":
            return f"10^{len(str(value)) - 1}"
    return f"{value:g}" if isinstance(value, float) else str(value)


def kind(schema: Schema, root: Schema) -> str:
    """The type of a setting in a word or two, for a table."""
    schema = resolve(schema, root)
    branches = [branch for branch in schema.get("anyOf", ()) if branch.get("type") != "null"]
    if branches:
        return " or ".join(dict.fromkeys(kind(branch, root) for branch in branches))
    if "enum" in schema or "const" in schema:
        return "choice"
    if schema.get("type") == "array":
        inside = schema.get("items") or (schema.get("prefixItems") or [{}])[0]
        return f"list of {kind(inside, root)}"
    return {"string": "text", "boolean": "yes or no", "object": "section"}.get(
        str(schema.get("type")), str(schema.get("type"))
    )
