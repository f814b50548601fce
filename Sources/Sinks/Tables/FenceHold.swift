package import Model

/// Who an owner says that it is: the identity and its token.
package struct FenceHold: Hashable, Sendable {
  package var identity: String
  package var token: FencingToken

  package init(_ identity: RunIdentity, _ token: FencingToken) {
    self.identity = identity.key
    self.token = token
  }
}
