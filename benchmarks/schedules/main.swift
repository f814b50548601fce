import Glibc

// What `benchmarks/schedules/run` measures inside of a process: how long `next` takes, and how long after
// its time a fire reaches the engine.
let arguments = CommandLine.arguments
switch arguments.dropFirst().first {
case "next": try NextBenchmark().run()
case "dispatch":
  guard arguments.count == 5, let jobs = Int(arguments[3]), let seconds = Int(arguments[4]) else { exit(2) }
  try await DispatchBenchmark(folder: arguments[2], jobs: jobs, seconds: seconds).run()
default:
  print("ScheduleBenchmarks next | dispatch FOLDER JOBS SECONDS")
  exit(2)
}
