import SwiftSyntax

extension DeclGroupSyntax {
    /// True where an attribute puts the whole type on a global actor, its initializers included.
    var isOnGlobalActor: Bool { !self.is(ActorDeclSyntax.self) && attributes.hasGlobalActor }

    /// True where methods run on an actor unless they say otherwise.
    var isolatesMethods: Bool { self.is(ActorDeclSyntax.self) || isOnGlobalActor }
}

extension FunctionDeclSyntax {
    /// True where a caller from elsewhere has to wait for an actor.
    func isIsolated(in type: any DeclGroupSyntax) -> Bool {
        attributes.hasGlobalActor || (type.isolatesMethods && !modifiers.has(.nonisolated))
    }
}

extension InitializerDeclSyntax {
    /// True where only an actor can make the value.
    func isIsolated(in type: any DeclGroupSyntax) -> Bool {
        attributes.hasGlobalActor || (type.isOnGlobalActor && !modifiers.has(.nonisolated))
    }
}
