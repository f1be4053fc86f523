import MartletRouting
import SwiftDiagnostics
import SwiftSyntax

/// Two routes of one controller that the same request would reach.
enum RouteCollision {
    static func report(among actions: [Action], _ findings: inout Findings) {
        var taken: [PathPlace: [(action: Action, route: ActionRoute)]] = [:]
        for action in actions {
            for route in action.routes {
                let places = route.path.places
                if let other = places.lazy.flatMap({ taken[$0] ?? [] }).first(where: {
                    $0.route.verbs.overlaps(route.verbs)
                }) {
                    findings.report(
                        .routeCollision(
                            action: action.name, path: route.path.description, other: other.action.name),
                        at: route.origin,
                        notes: [Note(node: other.route.origin, message: FirstRoute(action: other.action.name))],
                        fixIts: fixIts(for: route, of: action, after: other.action))
                }
                for place in places { taken[place, default: []].append((action, route)) }
            }
        }
    }

    /// The second action can stop being one; a second route of the same action can only go.
    private static func fixIts(for route: ActionRoute, of action: Action, after other: Action) -> [FixIt] {
        if action.function != other.function { return FixIt.keepingFromRouting(action.function) }
        return route.attribute.map { [.removing($0)] } ?? []
    }

    private struct FirstRoute: NoteMessage {
        let action: String
        var noteID: MessageID { MessageID(domain: "Martlet", id: "first-route") }
        var message: String { "'\(action)' has the route first" }
    }
}
