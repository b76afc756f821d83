/// An element of the field with p^5 elements: KoalaBear extended by a root of x⁵ + x² − 1, one at a time.
package struct Quintic: Hashable, Sendable {
    /// The coefficients of 1, x, x², x³, x⁴.
    package var a: KoalaBear, b: KoalaBear, c: KoalaBear, d: KoalaBear, e: KoalaBear

    /// Words of an element where it is written.
    package static let wordCount = 5

    @inlinable
    package init(_ a: KoalaBear, _ b: KoalaBear, _ c: KoalaBear, _ d: KoalaBear, _ e: KoalaBear) {
        (self.a, self.b, self.c, self.d, self.e) = (a, b, c, d, e)
    }

    @inlinable package init(_ a: KoalaBear) { self.init(a, .zero, .zero, .zero, .zero) }

    /// Reads five Montgomery forms that are known to be below p.
    @inlinable
    package init(uncheckedWords words: UnsafePointer<UInt32>) {
        self.init(
            KoalaBear(unchecked: words[0]), KoalaBear(unchecked: words[1]), KoalaBear(unchecked: words[2]),
            KoalaBear(unchecked: words[3]), KoalaBear(unchecked: words[4]))
    }

    /// Reads five of an array's words, from `place` on, that are known to be below p.
    @inlinable
    package init(_ words: [UInt32], at place: Int) {
        self.init(
            KoalaBear(unchecked: words[place]), KoalaBear(unchecked: words[place + 1]),
            KoalaBear(unchecked: words[place + 2]), KoalaBear(unchecked: words[place + 3]),
            KoalaBear(unchecked: words[place + 4]))
    }

    /// Writes the coefficients' Montgomery forms to five of an array's words.
    @inlinable
    package func write(to words: inout [UInt32], at place: Int) {
        (words[place], words[place + 1], words[place + 2]) = (a.word, b.word, c.word)
        (words[place + 3], words[place + 4]) = (d.word, e.word)
    }

    @inlinable package static var zero: Quintic { Quintic(.zero) }
    @inlinable package static var one: Quintic { Quintic(.one) }
    /// x^`power` for `power` in 0...4.
    package static func basis(_ power: Int) -> Quintic {
        var words: [UInt32] = [0, 0, 0, 0, 0]
        words[power] = KoalaBear.one.word
        return Quintic(uncheckedWords: words)
    }

    /// The coefficients' Montgomery forms.
    package var words: [UInt32] { [a.word, b.word, c.word, d.word, e.word] }

    @inlinable
    package static func + (x: Quintic, y: Quintic) -> Quintic {
        Quintic(x.a + y.a, x.b + y.b, x.c + y.c, x.d + y.d, x.e + y.e)
    }

    @inlinable
    package static func - (x: Quintic, y: Quintic) -> Quintic {
        Quintic(x.a - y.a, x.b - y.b, x.c - y.c, x.d - y.d, x.e - y.e)
    }

    @inlinable
    package static func * (x: Quintic, y: KoalaBear) -> Quintic {
        Quintic(x.a * y, x.b * y, x.c * y, x.d * y, x.e * y)
    }

    @inlinable
    package static func * (x: Quintic, y: Quintic) -> Quintic {
        @inline(__always) func product(_ left: KoalaBear, _ right: KoalaBear) -> UInt64 {
            UInt64(left.word) &* UInt64(right.word)
        }
        /// Two products are below p · 2^32.
        @inline(__always) func reduced(_ sum: UInt64) -> KoalaBear { KoalaBear(unchecked: KoalaBear.reduce(sum)) }
        let d0 = reduced(product(x.a, y.a))
        let d1 = reduced(product(x.a, y.b) &+ product(x.b, y.a))
        let d2 = reduced(product(x.a, y.c) &+ product(x.c, y.a)) + reduced(product(x.b, y.b))
        let d3 =
            reduced(product(x.a, y.d) &+ product(x.d, y.a)) + reduced(product(x.b, y.c) &+ product(x.c, y.b))
        let d4 =
            reduced(product(x.a, y.e) &+ product(x.e, y.a)) + reduced(product(x.b, y.d) &+ product(x.d, y.b))
            + reduced(product(x.c, y.c))
        let d5 =
            reduced(product(x.b, y.e) &+ product(x.e, y.b)) + reduced(product(x.c, y.d) &+ product(x.d, y.c))
        let d6 = reduced(product(x.c, y.e) &+ product(x.e, y.c)) + reduced(product(x.d, y.d))
        let d7 = reduced(product(x.d, y.e) &+ product(x.e, y.d))
        let d8 = reduced(product(x.e, y.e))
        // x⁵ = 1 − x², x⁶ = x − x³, x⁷ = x² − x⁴, x⁸ = x³ + x² − 1.
        return Quintic(d0 + d5 - d8, d1 + d6, d2 - d5 + d7 + d8, d3 - d6 + d8, d4 - d7)
    }

    @inlinable package static func += (left: inout Quintic, right: Quintic) { left = left + right }
    @inlinable package static func *= (left: inout Quintic, right: Quintic) { left = left * right }

    package func power(_ exponent: UInt64) -> Quintic {
        var result = Quintic.one
        var base = self
        var rest = exponent
        while rest > 0 {
            if rest & 1 == 1 { result *= base }
            base *= base
            rest >>= 1
        }
        return result
    }

    /// 1 / x; zero for zero.
    ///
    /// x^(p + p² + p³ + p⁴) times x is the norm, which lies in the base field.
    package var inverse: Quintic {
        let first = frobenius
        let second = first.frobenius
        let third = second.frobenius
        let cofactor = first * second * third * third.frobenius
        return cofactor * (self * cofactor).a.inverse
    }

    /// x^p: a linear map, given by where it takes the powers of x.
    private var frobenius: Quintic {
        let images = Quintic.frobeniusImages
        return Quintic(a) + images[0] * b + images[1] * c + images[2] * d + images[3] * e
    }

    /// The coefficients of the product of X − y over the conjugates y of this element, from the constant one up; the sixth, that
    /// of X⁵, is 1.
    package var characteristicPolynomial: [KoalaBear] {
        var polynomial = [Quintic.one]
        var conjugate = self
        for _ in 0..<5 {
            let factor = conjugate
            let scaled = polynomial.map { $0 * factor } + [.zero]
            polynomial = zip([.zero] + polynomial, scaled).map { $0 - $1 }
            conjugate = conjugate.frobenius
        }
        return polynomial[..<5].map(\.a)
    }

    private static let frobeniusImages: [Quintic] = {
        let image = basis(1).power(UInt64(KoalaBear.modulus))
        return [image, image * image, image * image * image, image * image * image * image]
    }()

    /// Inverts many elements with one inversion; zeros stay zeros.
    package static func invert(_ elements: inout [Quintic]) {
        var products: [Quintic] = []
        products.reserveCapacity(elements.count)
        var product = Quintic.one
        for element in elements {
            products.append(product)
            if element != .zero { product *= element }
        }
        var inverse = product.inverse
        for index in elements.indices.reversed() where elements[index] != .zero {
            let element = elements[index]
            elements[index] = products[index] * inverse
            inverse *= element
        }
    }

    /// 1, x, x², …: `count` of them.
    package func powers(_ count: Int) -> [Quintic] {
        var result: [Quintic] = []
        result.reserveCapacity(count)
        var power = Quintic.one
        for _ in 0..<count {
            result.append(power)
            power *= self
        }
        return result
    }
}
