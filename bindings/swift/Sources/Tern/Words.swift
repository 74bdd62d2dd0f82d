import Foundation
internal import CTern

/// Sentences for people, in Khmer and English; see tern/medication/message.h.
public struct Words: Sendable {
    public enum Notice: UInt32, Sendable, CaseIterable {
        case reminder, repeated, missed, urgentChange, change, connection, goesOn
    }

    public enum Meal: UInt32, Sendable, CaseIterable {
        case none, before, after
    }

    /// What a notice is about; what is left nil is not said.
    public struct About: Sendable {
        public var person: String?
        public var medicine: String?
        /// Such as "1 tablet".
        public var amount: String?
        public var date: LocalDate?
        public var reason: String?
        /// Of the local day.
        public var minute: Int?
        public var meal = Meal.none
        /// It could not be sent in time: the notice says so.
        public var isLate = false

        public init() {}
    }

    public var language: Language
    /// Khmer digits in Khmer.
    public var nativeDigits: Bool

    public init(_ language: Language, nativeDigits: Bool = false) {
        self.language = language
        self.nativeDigits = nativeDigits
    }

    func say(_ write: (UnsafePointer<tern_locale>, UnsafeMutablePointer<CChar>?, Int) -> Int) -> String {
        var locale = tern_locale(size: MemoryLayout<tern_locale>.size, language: tern_language(rawValue: language.rawValue),
            native_digits: nativeDigits)
        let size = write(&locale, nil, 0)
        var buffer = [CChar](repeating: 0, count: size + 1)
        _ = buffer.withUnsafeMutableBufferPointer { write(&locale, $0.baseAddress, $0.count) }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// What a failed call means for the person who made it, and what to do.
    public func problem(_ error: TernError) -> String {
        var care = tern_care_error()
        care.error.status = error.code.status
        care.problem = tern_problem(rawValue: UInt32(error.problem.rawValue))
        care.first = error.first
        care.second = error.second
        return withUnsafePointer(to: care) { care in say { tern_say_problem($0, care, $1, $2) } }
    }

    public func date(_ date: LocalDate, weekday: Bool = false) -> String {
        date.description.withCString { date in say { tern_say_date($0, date, weekday, $1, $2) } }
    }

    /// A time of the day by its minute, 0 to 1439.
    public func time(_ minute: Int) -> String {
        say { tern_say_time($0, Int32(clamping: minute), $1, $2) }
    }

    public func span(minutes: Int) -> String {
        say { tern_say_span($0, Int64(minutes), $1, $2) }
    }

    /// A notice's title: it tells no name and no medicine, as a locked screen shows it.
    public func title(_ notice: Notice) -> String {
        say { tern_say_title($0, tern_notice(rawValue: notice.rawValue), $1, $2) }
    }

    /// The text beneath the title.
    public func text(_ notice: Notice, _ about: About) throws -> String {
        let arena = Arena()
        var words = tern_notice_words()
        words.size = MemoryLayout<tern_notice_words>.size
        words.person = try arena.keep(about.person)
        words.medicine = try arena.keep(about.medicine)
        words.amount = try arena.keep(about.amount)
        words.local_date = try arena.keep(about.date?.description)
        words.reason = try arena.keep(about.reason)
        words.minute = about.minute.map { Int32(clamping: $0) } ?? -1
        words.meal = tern_meal_relation(rawValue: about.meal.rawValue)
        words.late = about.isLate
        return withExtendedLifetime(arena) {
            withUnsafePointer(to: words) { words in
                say { tern_say_notice($0, tern_notice(rawValue: notice.rawValue), words, $1, $2) }
            }
        }
    }
}
