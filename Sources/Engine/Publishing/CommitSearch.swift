internal import Expressions
internal import Model
internal import Planning
internal import Postgres
internal import Sinks
internal import StateStore

/// Asks the targets' ledgers what a run has published, for a run that cannot know: the answer to its
/// commit was lost, or it died before it could write it down.
struct CommitSearch {
  var asker: PlanAsker
  var project: Project
  var references: ReferenceScope
  var session: SessionSettings

  /// What of the job's result its run has published.
  /// - Throws: `Fault` where a target cannot be asked: then nothing may be assumed of it.
  func parts(of job: Job, publishedBy run: RunRecord) async throws -> PublishedParts {
    var found = PublishedParts()
    var asked: Set<String> = []
    for case .table(let rule) in job.sinks {
      let name = try NameResolver(references: references).text(rule.connection)
      guard asked.insert(name).inserted, let connection = project.connections[name] else { continue }
      let publisher = TablePublisher(
        connection: try await asker.connection(name),
        ledger: PublicationLedger(schema: Identifier(connection.ledgerSchema)), session: session)
      found.add(try await publisher.parts(publishedBy: run.id, identity: run.identity))
    }
    return found
  }
}
