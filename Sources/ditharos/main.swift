print("ditharos")
