/// A read that runs again whenever rows of its tables have changed. Changes that come close together are shown as one; it
/// ends with the replica or with its task.
///
/// A run that fails ends the sequence: what it threw is thrown to the loop, as any `AsyncSequence` does, and the iterator gives
/// nothing afterwards. Who wants to go on begins a new loop over the same query, whose first result is the state of then. A
/// table that does not exist is UNKNOWN_TABLE with the first element.
public struct LiveQuery<Element: Sendable>: AsyncSequence, Sendable {
    let core: Core
    let tables: [String]
    let body: @Sendable () async throws -> Element

    public func makeAsyncIterator() -> Iterator {
        Iterator(query: self, bell: core.bell().makeAsyncIterator())
    }

    public struct Iterator: AsyncIteratorProtocol {
        let query: LiveQuery
        var bell: AsyncStream<Void>.Iterator
        var seen: [UInt64]?
        var isOver = false

        /// The next result; nil where the replica or the task has ended, and after a failure.
        public mutating func next() async throws -> Element? {
            while !isOver, !Task.isCancelled {
                do {
                    let counts = try query.tables.map { try query.core.changes($0) } // first: what comes after is a change
                    if seen == nil || seen != counts {
                        seen = counts
                        return try await query.body()
                    }
                } catch {
                    isOver = true
                    if (error as? TernError)?.code == .misuse, query.core.isClosed {
                        return nil
                    }
                    throw error
                }
                isOver = await bell.next() == nil
            }
            isOver = true
            return nil
        }
    }
}
