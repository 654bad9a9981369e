"""What of a model's data is valid although not all of it is: cross-field rules are judged over that."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Union, cast, get_args, get_origin

from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo


def model_at(root: type[BaseModel], path: Sequence[str | int], data: Any) -> type[BaseModel] | None:
    """The model at a path below `root`, as far as the data tells which of a union's it is."""
    model: type[BaseModel] | None = root
    for part in path:
        data = below(data, part)
        if isinstance(part, int) or model is None:
            continue
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        model = _model_of(fields[part].annotation, _first(data)) if part in fields else None
    return model


def kinds_at(root: type[BaseModel], path: Sequence[str | int], data: Any) -> tuple[str, ...]:
    """What `kind` may be at a path below `root` where a union stands."""
    parent = model_at(root, path[:-1], data)
    fields = {field.alias or name: field for name, field in parent.model_fields.items()} if parent else {}
    models = _models(fields[path[-1]].annotation) if path[-1] in fields else ()
    return tuple(kind for model in models for kind in get_args(model.model_fields["kind"].annotation))


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def below(data: Any, part: str | int) -> Any:
    """The item of a mapping or list, or None where there is none."""
    try:
        return data[part]
    except (KeyError, IndexError, TypeError):
        return None


def _first(data: Any) -> Any:
    return below(data, 0) if isinstance(data, list) else data


def _model_of(annotation: Any, data: Any) -> type[BaseModel] | None:
    """The model that data of this annotation would become; of a union, the one whose `kind` is given."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = [model for part in get_args(annotation) if (model := _model_of(part, data))]
    if get_origin(annotation) is Union or len(found) > 1:
        kind = below(data, "kind")
        for model in found:
            field = model.model_fields.get("kind")
            if field is None or kind in get_args(field.annotation) or (kind is None and field.default == kind):
                return model
        return None
    return found[0] if found else None


def whatever_parsed(model: type[BaseModel], data: Any) -> Any:
    """An instance of `model` that has only the fields that are valid; reading another raises NotParsed."""
    values: dict[str, Any] = {}
    missing: list[str] = []
    for name, field in model.model_fields.items():
        raw = below(data, field.alias or name)
        if raw is None:
            if field.is_required():
                missing.append(name)
            continue
        try:
            values[name] = _adapter(field).validate_python(raw)
        except ValidationError:
            part = _partial(field.annotation, raw)
            if part is None:
                missing.append(name)
            else:
                values[name] = part
    made = model.model_construct(**values)
    for name in missing:
        cast("dict[str, Any]", made.__dict__).pop(name, None)
    return made


def _partial(annotation: Any, raw: Any) -> Any:
    inner = _model_of(annotation, _first(raw))
    if inner is None or isinstance(raw, list) != _is_list(annotation):
        return None
    if isinstance(raw, list):
        return tuple(whatever_parsed(inner, item) for item in cast("list[Any]", raw))
    return whatever_parsed(inner, raw) if isinstance(raw, Mapping) else None


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) is tuple or any(get_origin(part) is tuple for part in get_args(annotation))


def _adapter(field: FieldInfo) -> TypeAdapter[Any]:
    annotation: Any = field.annotation
    metadata: list[Any] = list(field.metadata)
    if field.discriminator:
        metadata.append(Field(discriminator=field.discriminator))
    for item in metadata:
        annotation = Annotated[annotation, item]
    return TypeAdapter(annotation)
