import Testing

@testable import MartletServer

@Suite struct OpenFileLimitTests {
    @Test(arguments: [(65536, 65408), (1024, 896), (256, 128), (100, 50), (1, 1)])
    func `connections leave room for other files`(_ files: Int, _ connections: Int) {
        #expect(OpenFileLimit.room(in: files) == connections)
    }

    @Test func `this process has room for some`() { #expect(OpenFileLimit.raise() > 0) }
}
