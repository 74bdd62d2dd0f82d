import XCTest
@testable import Tern
final class TextTests: XCTestCase {}
