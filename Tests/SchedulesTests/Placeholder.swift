import Testing

@Suite struct SchedulesPlaceholder {}
