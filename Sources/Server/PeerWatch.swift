#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Notices that an event stream's peer is gone without a word, which would take the kernel a quarter of an hour.
///
/// A peer that answers is there, whether or not it reads: how long it may wait with that is for its topics' policies to say.
/// `TCP_USER_TIMEOUT` cannot tell the two apart. It ends a connection whose window has stayed closed, though every probe of
/// it was answered.
struct PeerWatch {
    /// For how many seconds, one after the other, the peer has owed an answer and sent none.
    private(set) var secondsSilent = 0

    /// Called once a second. The kernel is asked only where something may be under way, and about most peers only once
    /// after each sending.
    ///
    /// - Returns: for how many seconds the peer has owed an answer.
    mutating func look(at output: SocketOutput) -> Int {
        #if os(Linux)
        guard output.mayBeUnderWay, let socket = output.socket else { return 0 }
        var info = tcp_info()
        var size = socklen_t(MemoryLayout<tcp_info>.size)
        if output.unacknowledgedBytes == 0 {
            output.mayBeUnderWay = output.isHeldUp
            secondsSilent = 0
        } else if getsockopt(socket, CInt(IPPROTO_TCP), TCP_INFO, &info, &size) == 0 {
            note(info)
        }
        #endif
        return secondsSilent
    }

    #if os(Linux)
    mutating func note(_ info: tcp_info) {
        let isSilentSince = Int(info.tcpi_last_ack_recv) >= secondsSilent * 1000
        secondsSilent = info.owesAnswer ? (isSilentSince ? secondsSilent : 0) + 1 : 0
    }
    #endif
}

#if os(Linux)
extension tcp_info {
    /// True when something was sent, was sent again, and nothing has come since.
    ///
    /// The time of the last answer alone says nothing: a peer with a closed window is asked ever more rarely, after minutes
    /// in the end, and a silent stream has nothing to be answered.
    fileprivate var owesAnswer: Bool {
        // An answer puts the count of probes back to 0. The next one may come after minutes: a single loss is none.
        if tcpi_probes > 1 { return true }
        return tcpi_unacked > 0 && tcpi_retransmits > 0 && tcpi_last_data_sent < tcpi_last_ack_recv
    }
}
#endif
