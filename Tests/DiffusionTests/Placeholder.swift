import Testing

@Suite struct DiffusionPlaceholder {}
