internal import CTern

/// What stood in the way of a medication call; what each means, and its numbers, stands in tern/medication/care.h.
public enum Problem: Int32, Sendable, CaseIterable {
    case none = 0
    case noDose = 1
    case noMedication = 2
    case noPrescription = 3
    case noPatient = 4
    case tooEarly = 5
    case tooLate = 6
    case ahead = 7
    case recorded = 8
    case notRecorded = 9
    case notPrn = 10
    case status = 11
    case reason = 12
    case urgentReason = 13
    case noMedications = 14
    case grace = 15
    case mealTime = 16
    case zone = 17
    case date = 18
    case quota = 19
    case setting = 20
    case noVersion = 21
    case noAlert = 22
    case overtaken = 23
    case endDate = 24
    case prnTime = 25
    case notPatient = 26
    case missing = 27
    case tooLong = 28
    case outOfRange = 29
    case choice = 30
    case dosage = 31
    case notText = 32
    case times = 33

    init(_ problem: tern_problem) {
        self = Problem(rawValue: Int32(problem.rawValue)) ?? .none
    }

    /// The stable upper-case name, such as "TOO_EARLY".
    public var name: String {
        String(cString: tern_problem_code(tern_problem(rawValue: UInt32(rawValue))))
    }
}
