import Foundation
internal import CTern

/// What was prescribed of one medicine, and the doses that it yields: a pure function, of no replica. The words that it takes:
/// docs/MEDICATION.md.
public struct Regimen: Sendable {
    public struct Slots: OptionSet, Sendable {
        public let rawValue: UInt32

        public init(rawValue: UInt32) {
            self.rawValue = rawValue
        }

        public static let morning = Slots(rawValue: 1)
        public static let daytime = Slots(rawValue: 2)
        public static let night = Slots(rawValue: 4)
    }

    /// One dose to come.
    public struct Planned: Sendable {
        public let date: LocalDate
        /// MORNING, DAYTIME, NIGHT, or HH:MM.
        public let slot: String
        public let scheduled: Date
        public let period: TimePeriod
        /// HH:MM that the patient's clock will show.
        public let reminderTime: String
        public let graceMinutes: Int

        init(_ dose: tern_planned_dose) throws {
            guard let date = LocalDate(text(of: dose.local_date)) else {
                throw TernError(.internal, "a planned dose has no date")
            }
            self.date = date
            slot = text(of: dose.slot)
            scheduled = Date(microseconds: dose.scheduled_us)
            period = TimePeriod(known: dose.period.rawValue)
            reminderTime = text(of: dose.reminder_time)
            graceMinutes = Int(dose.grace_minutes)
        }
    }

    /// The patient's, an IANA name.
    public var zone: String
    public var startDate: LocalDate
    /// The last day; nil: open.
    public var endDate: LocalDate?
    /// 0: open.
    public var durationDays = 0
    /// Those that have a dosage, and those of them that come before the meal.
    public var slots: Slots = []
    public var beforeMeal: Slots = []
    public var frequency: String?
    public var timing: String?
    /// Taken as needed: never scheduled.
    public var isPRN = false
    /// Minutes of the day.
    public var morningMeal = 7 * 60
    public var afternoonMeal = 12 * 60
    public var nightMeal = 18 * 60
    public var graceMinutes = 30

    public init(zone: String, startDate: LocalDate) {
        self.zone = zone
        self.startDate = startDate
    }

    /// The doses of as many local days (at most 400) from the first one on; nil where the words are none that a schedule can be
    /// made of. Of the ports the offsets of zones are asked for.
    public func plan(from first: LocalDate, days: Int, ports: Ports = Ports()) throws -> [Planned]? {
        let arena = Arena()
        var regimen = tern_regimen()
        regimen.size = MemoryLayout<tern_regimen>.size
        regimen.zone = try arena.keep(zone)
        regimen.start_date = try arena.keep(startDate.description)
        regimen.end_date = try arena.keep(endDate?.description)
        regimen.duration_days = Int32(clamping: durationDays)
        regimen.slots = slots.rawValue
        regimen.before_meal = beforeMeal.rawValue
        regimen.frequency = try arena.keep(frequency)
        regimen.timing = try arena.keep(timing)
        regimen.is_prn = isPRN
        regimen.meal_minutes = (Int32(clamping: morningMeal), Int32(clamping: afternoonMeal), Int32(clamping: nightMeal))
        regimen.grace_minutes = Int32(clamping: graceMinutes)
        let context = PortsContext(ports)
        var zones = context.zones(Unmanaged.passUnretained(context).toOpaque())
        var isUnderstood = false
        let doses: [Planned] = try withExtendedLifetime((arena, context)) {
            try collect { collector, error in
                tern_schedule_plan(&zones, &regimen, first.description, UInt32(clamping: days),
                    { Collector<Planned>.add($0, $1) { try Planned($0) } }, collector, &isUnderstood, error)
            }
        }
        return isUnderstood ? doses : nil
    }
}
