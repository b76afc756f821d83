import Foundation
import Identity
import Testing

@testable import Membership

@Suite struct RumourQueueTests {
    @Test func rumoursAreToldAFewTimesAndTheQueueIsBounded() {
        var queue = RumourQueue()
        for member in 0..<RumourQueue.maxRumours { queue.add(member) }
        #expect(queue.rumours.count == RumourQueue.maxRumours)
        _ = queue.take(1, tellings: 3, except: nil)
        queue.add(10_000)
        #expect(queue.rumours.count == RumourQueue.maxRumours)
        #expect(!queue.rumours.contains { $0.told == 1 }, "the most told gives way")
        #expect(queue.take(2, tellings: 3, except: 10_000).allSatisfy { $0.member != 10_000 })
        var small = RumourQueue()
        small.add(1)
        small.add(1, accuser: 2)
        small.add(1, accuser: 2)
        #expect(small.rumours.count == 2)
        for _ in 0..<3 { #expect(small.take(8, tellings: 3, except: nil).count == 2) }
        #expect(small.rumours.isEmpty)
    }

    @Test func whatThisNodeFoundIsToldBeforeAllHearsay() {
        var queue = RumourQueue()
        queue.add(1, accuser: 7, isFinding: true)
        queue.add(2, isFinding: true)
        for member in 10..<100 { queue.add(member) }
        for _ in 0..<3 {
            // Two findings, and room for one that is news.
            let told = queue.take(3, tellings: 4, except: nil).map(\.member)
            #expect(Set(told.prefix(2)) == [1, 2])
            #expect(told.count == 3 && told[2] >= 10)
        }
        #expect(queue.take(2, tellings: 4, except: 2).first?.member == 1)
        #expect(queue.take(1, tellings: 4, except: nil).first?.member == 2, "1 was told often enough")
        #expect(queue.take(1, tellings: 4, except: nil).first?.member ?? 0 >= 10)
    }

    @Test func hearsayGivesWayToFindingsWhenTheQueueIsFull() {
        var queue = RumourQueue()
        queue.add(0, isFinding: true)
        for _ in 0..<5 { _ = queue.take(1, tellings: 12, except: nil) }
        for member in 1...RumourQueue.maxRumours { queue.add(member) }
        #expect(queue.rumours.count == RumourQueue.maxRumours)
        #expect(queue.rumours.first?.member == 0)
    }

    @Test func whatIsLikelyHeardInVainIsNotCounted() {
        var queue = RumourQueue()
        queue.add(1)
        for _ in 0..<20 { #expect(queue.take(8, tellings: nil, except: nil).count == 1) }
        #expect(queue.rumours.first?.told == 0)
    }

    @Test func aFindingStaysOneWhenTheRosterChanges() {
        var queue = RumourQueue()
        queue.add(1, accuser: 2, isFinding: true)
        queue.add(3, accuser: 4)
        queue.add(5)
        queue.move { $0 == 4 ? nil : $0 + 10 }
        #expect(queue.rumours.map(\.member) == [11, 15])
        #expect(queue.rumours.map(\.accuser) == [12, nil])
        #expect(queue.rumours.map(\.isFinding) == [true, false])
    }
}
