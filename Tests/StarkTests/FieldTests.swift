import Testing

@testable import Stark

@Suite struct FieldTests {
    static let p = UInt64(KoalaBear.modulus)

    /// Values at the limits, and random ones.
    static let samples: [UInt32] = {
        var random = SplitMix(seed: 1)
        return [0, 1, 2, 3, KoalaBear.modulus - 1, KoalaBear.modulus - 2, KoalaBear.modulus / 2, 1 << 24, 1 << 30]
            + (0..<40).map { _ in UInt32(random.next() % p) }
    }()

    @Test func arithmeticIsThatOfIntegers() {
        for x in Self.samples {
            for y in Self.samples {
                let (a, b) = (KoalaBear(x), KoalaBear(y))
                #expect(UInt64((a + b).value) == (UInt64(x) + UInt64(y)) % Self.p)
                #expect(UInt64((a - b).value) == (UInt64(x) + Self.p - UInt64(y)) % Self.p)
                #expect(UInt64((a * b).value) == UInt64(x) * UInt64(y) % Self.p)
            }
            #expect(KoalaBear(x).value == x)
            if x != 0 { #expect(KoalaBear(x) * KoalaBear(x).inverse == .one) }
        }
        #expect(KoalaBear.zero.inverse == .zero)
        #expect(KoalaBear(KoalaBear.modulus) == .zero)
        #expect(KoalaBear(.max).value == UInt32(UInt64(UInt32.max) % Self.p))
        #expect(KoalaBear(word: KoalaBear.modulus - 1) != nil)
        #expect(KoalaBear(word: KoalaBear.modulus) == nil)
    }

    @Test func rootsOfUnityHaveTheirOrder() {
        for log in 0...KoalaBear.twoAdicity {
            let root = KoalaBear.rootOfUnity(log: log)
            #expect(root.power(1 << UInt64(log)) == .one)
            if log > 0 {
                #expect(root.power(1 << UInt64(log - 1)) == .zero - .one)
                #expect(root * root == KoalaBear.rootOfUnity(log: log - 1))
            }
        }
    }

    /// x⁵ + x² − 1 has no factor of degree 1 or 2 over the field: then x^(p^5) = x, and x^p ≠ x, for its root.
    @Test func extensionIsAField() {
        let x = Quintic.basis(1)
        #expect(x * x * x * x * x + x * x == .one)
        var image = x
        for _ in 0..<5 {
            image = image.power(Self.p)
            if image == x { break }
        }
        #expect(image == x)
        #expect(x.power(Self.p) != x)
        var random = SplitMix(seed: 2)
        for _ in 0..<50 {
            let (a, b, c) = (random.quintic(), random.quintic(), random.quintic())
            #expect((a + b) * c == a * c + b * c)
            #expect((a * b) * c == a * (b * c))
            #expect(a * b == b * a)
            #expect(a * a.inverse == .one)
            #expect(a * Quintic(c.a) == a * c.a)
            #expect(a - a == .zero)
        }
        #expect(Quintic.zero.inverse == .zero)
    }

    /// Multiplication against the definition, a product of polynomials.
    @Test func productsByDefinition() {
        var random = SplitMix(seed: 3)
        let largest = Array(repeating: KoalaBear(unchecked: KoalaBear.modulus - 1), count: 5)
        let extreme = Quintic(largest[0], largest[1], largest[2], largest[3], largest[4])
        for (x, y) in [(extreme, extreme)] + (0..<50).map({ _ in (random.quintic(), random.quintic()) }) {
            var product = [KoalaBear](repeating: .zero, count: 9)
            let (a, b) = ([x.a, x.b, x.c, x.d, x.e], [y.a, y.b, y.c, y.d, y.e])
            for i in 0..<5 { for j in 0..<5 { product[i + j] += a[i] * b[j] } }
            for degree in (5..<9).reversed() {
                product[degree - 5] += product[degree]
                product[degree - 3] = product[degree - 3] - product[degree]
            }
            #expect(x * y == Quintic(product[0], product[1], product[2], product[3], product[4]))
        }
    }

    @Test func manyInversesAtOnce() {
        var random = SplitMix(seed: 4)
        var elements = (0..<20).map { _ in random.quintic() }
        elements[3] = .zero
        elements[19] = .zero
        let expected = elements.map(\.inverse)
        Quintic.invert(&elements)
        #expect(elements == expected)
        var none: [Quintic] = []
        Quintic.invert(&none)
        #expect(none.isEmpty)
    }
}
