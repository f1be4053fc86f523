import SwiftSyntax

/// What a call of the action takes and gives.
extension Action {
    enum Result {
        case void
        case value(TypeSyntax)
        /// `some P`: the source does not name the type.
        case opaque
    }

    var result: Result {
        guard let type = function.signature.returnClause?.type, !type.isVoid else { return .void }
        return type.isOpaque ? .opaque : .value(type)
    }

    var canThrow: Bool { function.signature.effectSpecifiers?.throwsClause?.canThrow == true }
    var isAsynchronous: Bool { function.signature.effectSpecifiers?.asyncSpecifier != nil }
    var mustBeAwaited: Bool { isAsynchronous || isIsolated }
    var isBlocking: Bool { function.attributes.first(named: "Blocking") != nil && !mustBeAwaited }
}

extension Action.Result {
    /// The type as an expression.
    var descriptor: String {
        switch self {
        case .void: "Void.self"
        case .value(let type): "(\(type.spelling)).self"
        case .opaque: "nil"
        }
    }
}
