#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

func cosine(_ x: Double) -> Double { cos(x) }

func exponential(_ x: Double) -> Double { exp(x) }

/// `exp(x) - 1`, without cancellation near 0.
func exponentialMinusOne(_ x: Double) -> Double { expm1(x) }

func logarithm(_ x: Double) -> Double { log(x) }

func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }
