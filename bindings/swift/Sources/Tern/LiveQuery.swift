/// A read that runs again whenever rows of its tables have changed. Changes that come close together are shown as one; it
/// ends with the replica or with its task.
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

        public mutating func next() async throws -> Element? {
            while !Task.isCancelled {
                let counts: [UInt64]
                do {
                    counts = try query.tables.map { try query.core.changes($0) } // first: what comes after is a change
                    if seen == nil || seen != counts {
                        seen = counts
                        return try await query.body()
                    }
                } catch let error as TernError where error.code == .misuse && query.core.isClosed {
                    return nil
                }
                if await bell.next() == nil {
                    return nil
                }
            }
            return nil
        }
    }
}
