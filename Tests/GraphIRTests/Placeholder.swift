import Testing

@Suite struct GraphIRPlaceholder {}
