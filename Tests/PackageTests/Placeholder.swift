import Testing

@Suite struct PackagePlaceholder {}
