import Testing

@Suite struct TransformsPlaceholder {}
