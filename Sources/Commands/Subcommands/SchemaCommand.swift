internal import JobFiles
internal import Model

/// `tidemark schema`: the JSON Schema of job files, for editors.
enum SchemaCommand {
  static let spec = CommandSpec(
    name: "schema", summary: "Print the JSON Schema of job files, for editors",
    example: "tidemark schema > job.schema.json",
    run: { _ in
      Terminal.print(JobSchema.text)
      return .ok
    })
}
