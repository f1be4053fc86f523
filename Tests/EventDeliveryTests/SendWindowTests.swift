import Testing

@testable import MartletCore

/// How much a body sends before its loop is asked.
@Suite struct SendWindowTests {
    private func window(budget: Int = 1 << 20) -> SendWindow {
        var limits = Limits()
        limits.maxStreamBacklogBytes = budget
        return SendWindow(limits)
    }

    private func looks(_ window: SendWindow, _ bytesEach: Int) -> Int {
        for look in 0..<10_000 {
            guard window.isOpen() else { return look }
            window.spend(bytesEach)
        }
        return .max
    }

    @Test func `the loop is asked first`() { #expect(looks(window(), 0) == 0) }

    /// Each look takes 256 bytes at least, of 32 KB.
    @Test(arguments: [(0, 128), (256, 64), (1000, 27), (1 << 20, 1)])
    func `a full window is open for so many events`(bytesEach: Int, count: Int) {
        let window = window()
        window.fill()
        #expect(looks(window, bytesEach) == count)
        #expect(!window.isOpen())
        window.fill()
        #expect(looks(window, bytesEach) == count)
    }

    @Test func `of a small budget only a part is sent unseen`() {
        let window = window(budget: 4096)
        window.fill()
        #expect(looks(window, 0) == 4)
    }

    @Test func `a reader that is behind closes it`() {
        let window = window()
        window.fill()
        window.close()
        #expect(!window.isOpen())
    }
}
