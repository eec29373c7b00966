import Testing

@Suite struct WeightsPlaceholder {}
