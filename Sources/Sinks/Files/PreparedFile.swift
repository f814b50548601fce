package import Compute
internal import Formats
package import Model
package import Runtime

/// A file sink of one run: takes the result under a temporary name, then appears.
package final class PreparedFile {
  /// Names the sink within its job.
  package let sink: String
  package let file: OutputFile
  private let rule: FileSinkRule
  private let isReplacing: Bool
  private var encoder: FileEncoder
  private var compressor: GzipStream?
  private var buffer: [UInt8] = []

  /// - Parameters:
  ///   - path: the sink's path with references resolved.
  ///   - run, token: whose file it is. A number drawn anew keeps every writer to its own: the owners of two copies of
  ///     one state have the same token.
  /// - Throws: `Fault` `unsafe_path`, `file_exists`, or of the file system.
  package init(
    sink: String, rule: FileSinkRule, path: String, schema: [ColumnSchema], root: String,
    identity: RunIdentity, run: RunID, token: FencingToken, mayReplace: Bool
  ) throws(Fault) {
    self.sink = sink
    self.rule = rule
    do throws(Fault) {
      file = try OutputFile(
        path, in: root, tag: PreparedFile.tag(identity),
        owner: PreparedFile.owners(run)
          + "\(token.number)-\(String(UInt32.random(in: .min ... .max), radix: 36))")
    } catch {
      throw error.at(rule.place)
    }
    isReplacing = mayReplace || rule.ifExists != .fail
    if !isReplacing, file.exists {
      try file.discard()
      throw file.takenFault.at(rule.place)
    }
    encoder = FileEncoder(rule.format, schema: schema)
    compressor = rule.isCompressed ? try GzipStream() : nil
    buffer = encoder.header
  }

  /// What the files of all runs of an identity have in their temporary names.
  private static func tag(_ identity: RunIdentity) -> String {
    String(SHA256.hexadecimal(identity.key).prefix(12))
  }

  /// What the owners of one run have in common.
  private static func owners(_ run: RunID) -> String { "\(run)-" }

  /// Takes a file away from every earlier owner of an identity, as raising a fence does with a table: one that
  /// wakes up late finds nothing to rename.
  /// - Parameter run: the one run that it is taken away from; `nil` for all of the identity.
  package static func fence(
    _ path: String, in root: String, _ identity: RunIdentity, of run: RunID? = nil
  ) throws(Fault) {
    try OutputFile.fence(path, in: root, tag: tag(identity), owners: run.map(owners) ?? "")
  }

  /// Writes the rows of a batch behind those before, as far as the buffer is full.
  /// - Throws: a `SystemFault`.
  package func append(_ batch: borrowing Batch) throws(Fault) {
    try encoder.append(batch, to: &buffer) { bytes throws(Fault) in try write(&bytes) }
  }

  /// What the buffer may keep for the next rows; more than that, which one array took, is given back.
  private static let kept = 1 << 22

  /// Writes what there is, and empties it.
  private func write(_ bytes: inout [UInt8]) throws(Fault) {
    if let compressor {
      var compressed: [UInt8] = []
      try compressor.compress(bytes, into: &compressed)
      try file.write(compressed)
    } else {
      try file.write(bytes)
    }
    bytes.removeAll(keepingCapacity: bytes.capacity < PreparedFile.kept)
  }

  /// Ends the file and forces it to the disk, still under its temporary name.
  package func prepare() throws(Fault) {
    try write(&buffer)
    if let compressor {
      var rest: [UInt8] = []
      try compressor.finish(into: &rest)
      try file.write(rest)
    }
    try file.synchronize()
    try Failpoint.hit(.filePrepared)
  }

  /// Makes the file appear.
  /// - Throws: `Fault` `file_exists` where one that is to be kept has come meanwhile, `output_gone`, or of the file system.
  package func publish() throws(Fault) {
    try Failpoint.hit(.fileBeforeRename)
    do throws(Fault) {
      try file.rename(replacing: isReplacing)
    } catch {
      throw error.at(rule.place)
    }
    try Failpoint.hit(.fileAfterRename)
  }
}
