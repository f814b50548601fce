import Glibc

let rounds = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 7
let batches = Batches()
let isFast = try Kernels(batches: batches).measure(rounds: rounds)
let isSmall = try FiveSteps(batches).measure(rounds: max(rounds / 2, 1))
if !isFast { print("MISSED: the numeric expression takes more than 3 times the loop by hand") }
if !isSmall { print("MISSED: five steps add more than decoding takes") }
exit(isFast && isSmall ? 0 : 1)
