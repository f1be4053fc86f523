// A parameter's type is looked at once, at start-up, and its conformances are used wherever a request runs. Swift wants to
// know that they are not isolated to an actor; it cannot be asked at run time, and no type that a request is decoded
// into is. `SendableMetatype` is a marker: the two metatypes have one representation.

typealias CarriedDecodable = Decodable & SendableMetatype
typealias CarriedRawRepresentable = RawRepresentable & SendableMetatype
typealias CarriedHashable = Hashable & SendableMetatype

extension Decodable {
    static var carried: any CarriedDecodable.Type {
        unsafeBitCast(self as any Decodable.Type, to: (any CarriedDecodable.Type).self)
    }
}

extension RawRepresentable {
    static var carried: any CarriedRawRepresentable.Type {
        unsafeBitCast(self as any RawRepresentable.Type, to: (any CarriedRawRepresentable.Type).self)
    }
}

extension Hashable {
    static var carried: any CarriedHashable.Type {
        unsafeBitCast(self as any Hashable.Type, to: (any CarriedHashable.Type).self)
    }
}
