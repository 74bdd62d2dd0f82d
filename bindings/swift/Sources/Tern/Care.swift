import Foundation
internal import CTern

/// Runs a call of the medication library, and throws what it says.
func attemptCare(_ body: (UnsafeMutablePointer<tern_care_error>) -> tern_status) throws {
    var error = tern_care_error()
    let status = body(&error)
    if status != TERN_OK {
        throw TernError(ErrorCode(status), text(of: error.error.message), problem: Problem(error.problem),
            first: error.first, second: error.second, underlying: nil)
    }
}

/// The medication calls: docs/MEDICATION.md. Each is one short transaction, or one read; after a failure nothing has changed,
/// and `TernError.problem` says what stood in the way. Where a patient may be nil, the replica's user is meant.
public struct Care: Sendable {
    let core: Core
}
