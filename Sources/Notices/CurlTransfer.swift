internal import CCurl
internal import Glibc
internal import Model

/// One request by libcurl, over HTTP or SMTP. Blocks the thread that performs it.
///
/// TLS certificates and host names are verified, redirects are not followed, and every address is
/// checked when its socket is made.
struct CurlTransfer {
  var url: String
  /// Of the URL: `http,https` or `smtp,smtps`.
  var schemes: String
  var rule: AddressRule
  var connectTimeout: Duration
  var totalTimeout: Duration
  var work: Work

  enum Work {
    /// Headers as whole lines, without line ends.
    case post(body: String, headers: [String])
    case mail(from: String, to: [String], message: [UInt8])
  }

  /// What libcurl found out.
  struct Answer {
    var code: CURLcode
    /// Of HTTP, or of SMTP to what was asked last; 0 if the other side said nothing to that.
    var status: Int
    var retryAfter: Duration?
    /// Recipients that the mail server refused, each with its answer's code.
    var refused: [(recipient: String, status: Int)]
    /// The address rule refused a connection.
    var wasRefused: Bool
    /// The task was cancelled, and the other side left in the middle.
    var wasStopped: Bool { code == CURLE_ABORTED_BY_CALLBACK }
    /// libcurl's own sentence for `code`. It names no URL.
    var sentence: String { String(cString: curl_easy_strerror(code)) }
  }

  /// - Throws: `Fault` `out_of_memory`.
  func perform() throws(Fault) -> Answer {
    _ = CurlTransfer.library
    guard let handle = curl_easy_init() else {
      throw Fault("out_of_memory", .resource, "There is no memory for a transfer", isTransient: true)
    }
    defer { curl_easy_cleanup(handle) }
    let context = Context(rule: rule, upload: upload)
    let address = Unmanaged.passUnretained(context).toOpaque()
    var lists: [UnsafeMutablePointer<curl_slist>] = []
    defer { for list in lists { curl_slist_free_all(list) } }

    tidemark_curl_set_text(handle, CURLOPT_URL, url)
    tidemark_curl_set_text(handle, CURLOPT_PROTOCOLS_STR, schemes)
    tidemark_curl_set_long(handle, CURLOPT_FOLLOWLOCATION, 0)
    // Signals are the process's own business, on this thread too.
    tidemark_curl_set_long(handle, CURLOPT_NOSIGNAL, 1)
    tidemark_curl_set_long(handle, CURLOPT_SSL_VERIFYPEER, 1)
    tidemark_curl_set_long(handle, CURLOPT_SSL_VERIFYHOST, 2)
    tidemark_curl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(connectTimeout))
    tidemark_curl_set_long(handle, CURLOPT_TIMEOUT_MS, milliseconds(totalTimeout))
    // A name server that does not answer is left behind with its thread, and not waited for beyond these.
    tidemark_curl_set_long(handle, CURLOPT_QUICK_EXIT, 1)
    tidemark_curl_set_open_socket_function(handle, openSocket)
    tidemark_curl_set_pointer(handle, CURLOPT_OPENSOCKETDATA, address)
    tidemark_curl_set_data_function(handle, CURLOPT_WRITEFUNCTION, endAtBody)
    tidemark_curl_set_progress_function(handle, endIfCancelled)
    tidemark_curl_set_long(handle, CURLOPT_NOPROGRESS, 0)
    switch work {
    case .post(let body, let headers):
      tidemark_curl_set_text(handle, CURLOPT_USERAGENT, "tidemark")
      tidemark_curl_set_long(handle, CURLOPT_POSTFIELDSIZE, body.utf8.count)
      tidemark_curl_set_text(handle, CURLOPT_COPYPOSTFIELDS, body)
      // Without `Expect:` libcurl waits a second before a large body.
      if let list = list(headers + ["Expect:"]) {
        lists.append(list)
        tidemark_curl_set_list(handle, CURLOPT_HTTPHEADER, list)
      }
    case .mail(let from, let to, _):
      tidemark_curl_set_text(handle, CURLOPT_MAIL_FROM, "<\(from)>")
      if let list = list(to.map { "<\($0)>" }) {
        lists.append(list)
        tidemark_curl_set_list(handle, CURLOPT_MAIL_RCPT, list)
      }
      // One wrong address must not keep the mail from all the others.
      _ = tidemark_curl_allow_refused_recipients(handle)
      // libcurl tells which ones were refused by its conversation with the server alone.
      tidemark_curl_set_debug_function(handle, overhear)
      tidemark_curl_set_pointer(handle, CURLOPT_DEBUGDATA, address)
      tidemark_curl_set_long(handle, CURLOPT_VERBOSE, 1)
      tidemark_curl_set_long(handle, CURLOPT_UPLOAD, 1)
      tidemark_curl_set_long(handle, CURLOPT_USE_SSL, Int(encryption.rawValue))
      tidemark_curl_set_data_function(handle, CURLOPT_READFUNCTION, readUpload)
      tidemark_curl_set_pointer(handle, CURLOPT_READDATA, address)
    }

    let code = curl_easy_perform(handle)
    // libcurl takes leave of a mail server, and would wait minutes for its answer, though the mail is delivered.
    var socket = CURL_SOCKET_BAD
    if tidemark_curl_get_socket(handle, CURLINFO_ACTIVESOCKET, &socket) == CURLE_OK, socket != CURL_SOCKET_BAD
    {
      shutdown(socket, Int32(SHUT_RD))
    }
    var status = 0
    switch work {
    case .post: tidemark_curl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
    // libcurl would give the last answer that came, whatever has been asked since.
    case .mail: status = context.status
    }
    var seconds: curl_off_t = 0
    tidemark_curl_get_offset(handle, CURLINFO_RETRY_AFTER, &seconds)
    return withExtendedLifetime(context) {
      Answer(
        code: code, status: status, retryAfter: seconds > 0 ? .seconds(Int64(seconds)) : nil,
        refused: context.refused, wasRefused: context.wasRefused)
    }
  }

  /// A password is never sent in the clear; without one, encryption is taken where it is offered.
  private var encryption: curl_usessl { url.contains("@") ? CURLUSESSL_ALL : CURLUSESSL_TRY }

  private var upload: [UInt8] {
    if case .mail(_, _, let message) = work { message } else { [] }
  }

  private func milliseconds(_ duration: Duration) -> Int {
    Int(duration / .milliseconds(1))
  }

  private func list(_ lines: [String]) -> UnsafeMutablePointer<curl_slist>? {
    lines.reduce(nil) { curl_slist_append($0, $1) }
  }

  /// Once for the process, as libcurl wants it.
  private static let library = curl_global_init(Int(CURL_GLOBAL_DEFAULT))
}

/// What the callbacks of one transfer share; used on its thread alone.
private final class Context {
  let rule: AddressRule
  let upload: [UInt8]
  var sent = 0
  var wasRefused = false
  var refused: [(recipient: String, status: Int)] = []
  /// The mail server's answer to what it was asked last; 0 until that comes.
  var status = 0
  /// Whom the server has been asked to take last, until it answers.
  private var asked: String?
  /// What is said from here on decides nothing.
  private var isLeaving = false

  /// A line to the mail server.
  func saw(command: String) {
    if command == "QUIT\r\n" { isLeaving = true }
    if isLeaving { return }
    status = 0
    let start = "RCPT TO:<"
    asked = command.hasPrefix(start) ? String(command.dropFirst(start.count).prefix { $0 != ">" }) : nil
  }

  /// A line of the server's answer.
  func saw(answer: String) {
    // Further lines of the same answer follow behind a hyphen.
    guard !isLeaving, let status = Int(answer.prefix(3)), answer.dropFirst(3).first != "-" else { return }
    self.status = status
    guard let recipient = asked else { return }
    asked = nil
    if !(200..<300).contains(status) { refused.append((recipient, status)) }
  }

  init(rule: AddressRule, upload: [UInt8]) {
    self.rule = rule
    self.upload = upload
  }

  static func of(_ pointer: UnsafeMutableRawPointer?) -> Context? {
    pointer.map { Unmanaged<Context>.fromOpaque($0).takeUnretainedValue() }
  }
}

private func openSocket(
  _ data: UnsafeMutableRawPointer?, _: curlsocktype, _ address: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
  guard let context = Context.of(data), let address,
    let offset = MemoryLayout<curl_sockaddr>.offset(of: \.addr)
  else { return -1 }
  let target = address.pointee
  // The address is longer than the field that it stands in: read it in place.
  let start = UnsafeRawPointer(address) + offset
  let range: Range<Int> =
    switch target.family {
    case AF_INET: 4..<8
    case AF_INET6: 8..<24
    default: 0..<0
    }
  guard range.upperBound <= Int(target.addrlen),
    context.rule.allows(range.map { start.load(fromByteOffset: $0, as: UInt8.self) })
  else {
    context.wasRefused = true
    return -1
  }
  return socket(
    target.family, target.socktype | Int32(SOCK_CLOEXEC.rawValue), target.`protocol`)
}

/// What the two sides of a mail's transfer say to each other.
private func overhear(
  _: UnsafeMutableRawPointer?, _ kind: curl_infotype, _ text: UnsafeMutablePointer<CChar>?, _ count: Int,
  _ data: UnsafeMutableRawPointer?
) -> Int32 {
  guard kind == CURLINFO_HEADER_OUT || kind == CURLINFO_HEADER_IN, let context = Context.of(data), let text
  else { return 0 }
  let line = String(decoding: UnsafeRawBufferPointer(start: text, count: count), as: UTF8.self)
  if kind == CURLINFO_HEADER_OUT { context.saw(command: line) } else { context.saw(answer: line) }
  return 0
}

/// Asked for about once a second while nothing comes. The transfer is performed on the thread of its task.
private func endIfCancelled(
  _: UnsafeMutableRawPointer?, _: curl_off_t, _: curl_off_t, _: curl_off_t, _: curl_off_t
) -> Int32 {
  Task.isCancelled ? 1 : 0
}

/// What comes behind a status is not read: it may never end.
private func endAtBody(
  _: UnsafeMutablePointer<CChar>?, _: Int, _: Int, _: UnsafeMutableRawPointer?
) -> Int {
  0
}

private func readUpload(
  _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ data: UnsafeMutableRawPointer?
) -> Int {
  guard let context = Context.of(data), let buffer else { return 0 }
  let part = context.upload[context.sent...].prefix(size * count)
  UnsafeMutableRawBufferPointer(start: buffer, count: size * count).copyBytes(from: part)
  context.sent += part.count
  return part.count
}
