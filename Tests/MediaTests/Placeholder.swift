import Testing

@Suite struct MediaPlaceholder {}
