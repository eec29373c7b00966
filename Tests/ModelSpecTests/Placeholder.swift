import Testing

@Suite struct ModelSpecPlaceholder {}
