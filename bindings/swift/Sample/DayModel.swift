import Foundation
import Tern

/// The screen "today" without its views: what an @Observable model of an app would hold. Nothing here blocks.
struct DayModel: Sendable {
    /// What the day's list is made of: a change of any of these shows it anew.
    static let tables: Set<String> = ["dose_events", "medications", "prescriptions", "users"]

    /// An edit that lost against another, and can be brought back.
    struct Conflict: Decodable, Sendable {
        let id: UUID
        let lostValues: String
        let keptValues: String
    }

    let replica: Replica
    let transport: any HTTPTransport
    let token: TokenSource
    private let network = Network()

    /// Whether the last sync failed; before the first one it counts as if it had.
    private actor Network {
        private(set) var isOffline = true

        func set(isOffline: Bool) {
            self.isOffline = isOffline
        }
    }

    init(replica: Replica, transport: any HTTPTransport, token: @escaping TokenSource) {
        self.replica = replica
        self.transport = transport
        self.token = token
    }

    /// The date where the patient lives, whatever the phone's zone.
    func date() async throws -> LocalDate {
        let zone = try await replica.care.settings().timeZone
        return LocalDate(Date(), in: TimeZone(identifier: zone) ?? .current)
    }

    func today() async throws -> [Dose] {
        try await replica.care.doses(on: date())
    }

    /// The day's doses now, and again after each change by this screen or a sync.
    func watch() -> LiveQuery<[Dose]> {
        replica.watch(Self.tables, calling: { try await today() })
    }

    /// Records a dose; the network has no part in it.
    func take(_ dose: UUID) async throws -> DoseStatus {
        try await replica.care.take(dose, wasOffline: network.isOffline)
    }

    func skip(_ dose: UUID, reason: String? = nil) async throws {
        try await replica.care.skip(dose, reason: reason, wasOffline: network.isOffline)
    }

    /// Syncs once, and makes the doses to come of what it brought.
    func sync() async throws -> SyncProgress {
        do {
            let progress = try await replica.sync(over: transport, token: token)
            await network.set(isOffline: false)
            try await replica.care.generateSchedule()
            return progress
        } catch {
            await network.set(isOffline: true)
            throw error
        }
    }

    /// Changes that wait to be sent.
    func waiting() async throws -> Int {
        try await replica.status().pending
    }

    func conflicts() async throws -> [Conflict] {
        try await replica.query(Conflict.self, "SELECT id, lost_values, kept_values FROM sync_audit WHERE deleted_at IS NULL"
            + " AND table_name = 'dose_events' AND unit = 'outcome' ORDER BY created_at DESC, id")
    }

    /// Brings the value that lost back, as a change made now.
    func reinstate(_ conflict: Conflict) async throws {
        try await replica.reinstate(conflict.id)
    }
}
