import SwiftCompilerPlugin
import SwiftSyntaxMacros

/// What the compiler loads.
@main
struct MacrosPlugin: CompilerPlugin {
    let providingMacros: [any Macro.Type] = [
        ControllerMacro.self, ActionsMacro.self, RouteMacro.self, NotActionMacro.self, BlockingMacro.self,
        AttributeMacro.self, InjectableMacro.self,
        ServerEventsMacro.self,
    ]
}
