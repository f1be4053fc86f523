import Foundation
import Martlet

/// The page's 实时数据流: the machine's figures, each second.
@Controller
struct MonitorController {
    let system: SystemMonitor

    private struct Stats: Encodable {
        let cpu: Double
        let memory: Double
        let time: Date
    }

    /// GET /monitor/monitor
    func monitor(_ ctx: Context) -> EventStream {
        let clock = ctx.clock
        return ctx.sse.stream(isEndless: true) { client in
            var counter = 0
            while client.isConnected {
                counter += 1
                let figures = system.figures()
                try client.send(
                    event: "stats", data: Stats(cpu: figures.cpu, memory: figures.memory, time: Date()),
                    id: "\(counter)")
                try await clock.sleep(for: .seconds(1))
            }
        }
    }
}
