;; The two passes of a resize, as Pillow makes them (`ImagingResample` in its `Resample.c`): along the rows, then along the
;; columns, with rounding to bytes after each. A weight has 22 bits after the point.
;;
;; A pixel is four bytes: red, green, blue, and one without meaning. All four are computed at once, because a register holds
;; four sums of 32 bits. Strides are in bytes and multiples of 16, so that a register may read and write past the last pixel
;; of a line. src/image/tensor/resample.ts lays out the memory, and checks every size before it calls.

(module
  (memory (export "memory") 1)

  ;; Lays the pixels of memory from $at to $end over a background. $end - $at is a multiple of 16.
  (func (export "flatten")
    (param $at i32) (param $end i32) (param $red i32) (param $green i32) (param $blue i32)
    (local $opaque v128) (local $pixel i32) (local $stop i32) (local $alpha i32)
    (local.set $opaque (i32x4.splat (i32.const 0xff000000)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (if (i32.eqz (i32x4.all_true (i32x4.eq
              (v128.and (v128.load (local.get $at)) (local.get $opaque)) (local.get $opaque))))
          (then
            (local.set $pixel (local.get $at))
            (local.set $stop (i32.add (local.get $at) (i32.const 16)))
            (loop $blend
              (local.set $alpha (i32.load8_u offset=3 (local.get $pixel)))
              (i32.store8 (local.get $pixel)
                (call $mix (i32.load8_u (local.get $pixel)) (local.get $red) (local.get $alpha)))
              (i32.store8 offset=1 (local.get $pixel)
                (call $mix (i32.load8_u offset=1 (local.get $pixel)) (local.get $green) (local.get $alpha)))
              (i32.store8 offset=2 (local.get $pixel)
                (call $mix (i32.load8_u offset=2 (local.get $pixel)) (local.get $blue) (local.get $alpha)))
              (local.set $pixel (i32.add (local.get $pixel) (i32.const 4)))
              (br_if $blend (i32.lt_u (local.get $pixel) (local.get $stop))))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $next))))

  ;; (front · alpha + back · (255 - alpha)) / 255, rounded; exact for all bytes.
  (func $mix (param $front i32) (param $back i32) (param $alpha i32) (result i32)
    (local $sum i32)
    (local.set $sum
      (i32.add
        (i32.add
          (i32.mul (local.get $front) (local.get $alpha))
          (i32.mul (local.get $back) (i32.sub (i32.const 255) (local.get $alpha))))
        (i32.const 128)))
    (i32.shr_u
      (i32.add (local.get $sum) (i32.shr_u (local.get $sum) (i32.const 8)))
      (i32.const 8)))

  ;; The horizontal pass over $rows rows. Only the output columns from $first to $last are written.
  (func (export "resizeRows")
    (param $source i32) (param $sourceStride i32) (param $rows i32)
    (param $target i32) (param $targetStride i32)
    (param $first i32) (param $last i32)
    (param $starts i32) (param $counts i32) (param $weights i32) (param $weightStride i32)
    (local $column i32) (local $pixel i32) (local $weight i32) (local $end i32) (local $sums v128)
    (block $done
      (loop $nextRow
        (br_if $done (i32.eqz (local.get $rows)))
        (local.set $column (local.get $first))
        (block $rowDone
          (loop $nextColumn
            (br_if $rowDone (i32.ge_u (local.get $column) (local.get $last)))
            (local.set $pixel
              (i32.add (local.get $source)
                (i32.shl (call $at (local.get $starts) (local.get $column)) (i32.const 2))))
            (local.set $weight
              (i32.add (local.get $weights) (i32.mul (local.get $column) (local.get $weightStride))))
            (local.set $end
              (i32.add (local.get $weight)
                (i32.shl (call $at (local.get $counts) (local.get $column)) (i32.const 2))))
            (local.set $sums (i32x4.splat (i32.const 0x200000))) ;; one half: the shift then rounds to nearest
            (loop $nextTap
              (local.set $sums
                (i32x4.add (local.get $sums)
                  (i32x4.mul
                    (v128.load32_splat (local.get $weight))
                    (i32x4.extend_low_i16x8_u
                      (i16x8.extend_low_i8x16_u (v128.load32_zero (local.get $pixel)))))))
              (local.set $pixel (i32.add (local.get $pixel) (i32.const 4)))
              (local.set $weight (i32.add (local.get $weight) (i32.const 4)))
              (br_if $nextTap (i32.lt_u (local.get $weight) (local.get $end))))
            (v128.store32_lane 0
              (i32.add (local.get $target) (i32.shl (local.get $column) (i32.const 2)))
              (call $toBytes (local.get $sums) (local.get $sums) (local.get $sums) (local.get $sums)))
            (local.set $column (i32.add (local.get $column) (i32.const 1)))
            (br $nextColumn)))
        (local.set $source (i32.add (local.get $source) (local.get $sourceStride)))
        (local.set $target (i32.add (local.get $target) (local.get $targetStride)))
        (local.set $rows (i32.sub (local.get $rows) (i32.const 1)))
        (br $nextRow))))

  ;; The vertical pass. $source is where the source row 0 would begin; rows that no output needs are not in memory. Only the
  ;; output rows from $first to $last are written. Lines of source and target have the same stride.
  (func (export "resizeColumns")
    (param $source i32) (param $target i32) (param $stride i32)
    (param $first i32) (param $last i32)
    (param $starts i32) (param $counts i32) (param $weights i32) (param $weightStride i32)
    (local $line i32) (local $at i32) (local $from i32) (local $weight i32) (local $weightsOfLine i32) (local $end i32)
    (local $bytes v128) (local $half v128) (local $factor v128)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (block $done
      (loop $nextLine
        (br_if $done (i32.ge_u (local.get $first) (local.get $last)))
        (local.set $line
          (i32.add (local.get $source)
            (i32.mul (call $at (local.get $starts) (local.get $first)) (local.get $stride))))
        (local.set $weightsOfLine
          (i32.add (local.get $weights) (i32.mul (local.get $first) (local.get $weightStride))))
        (local.set $end
          (i32.add (local.get $weightsOfLine)
            (i32.shl (call $at (local.get $counts) (local.get $first)) (i32.const 2))))
        (local.set $at (i32.const 0))
        ;; Sixteen bytes at a time, over all source lines.
        (loop $nextBytes
          (local.set $from (i32.add (local.get $line) (local.get $at)))
          (local.set $weight (local.get $weightsOfLine))
          (local.set $a (i32x4.splat (i32.const 0x200000)))
          (local.set $b (local.get $a))
          (local.set $c (local.get $a))
          (local.set $d (local.get $a))
          (loop $nextTap
            (local.set $factor (v128.load32_splat (local.get $weight)))
            (local.set $bytes (v128.load (local.get $from)))
            (local.set $half (i16x8.extend_low_i8x16_u (local.get $bytes)))
            (local.set $a (i32x4.add (local.get $a)
              (i32x4.mul (local.get $factor) (i32x4.extend_low_i16x8_u (local.get $half)))))
            (local.set $b (i32x4.add (local.get $b)
              (i32x4.mul (local.get $factor) (i32x4.extend_high_i16x8_u (local.get $half)))))
            (local.set $half (i16x8.extend_high_i8x16_u (local.get $bytes)))
            (local.set $c (i32x4.add (local.get $c)
              (i32x4.mul (local.get $factor) (i32x4.extend_low_i16x8_u (local.get $half)))))
            (local.set $d (i32x4.add (local.get $d)
              (i32x4.mul (local.get $factor) (i32x4.extend_high_i16x8_u (local.get $half)))))
            (local.set $from (i32.add (local.get $from) (local.get $stride)))
            (local.set $weight (i32.add (local.get $weight) (i32.const 4)))
            (br_if $nextTap (i32.lt_u (local.get $weight) (local.get $end))))
          (v128.store
            (i32.add
              (i32.add (local.get $target) (i32.mul (local.get $first) (local.get $stride)))
              (local.get $at))
            (call $toBytes (local.get $a) (local.get $b) (local.get $c) (local.get $d)))
          (local.set $at (i32.add (local.get $at) (i32.const 16)))
          (br_if $nextBytes (i32.lt_u (local.get $at) (local.get $stride))))
        (local.set $first (i32.add (local.get $first) (i32.const 1)))
        (br $nextLine))))

  ;; An element of an array of 32-bit numbers.
  (func $at (param $array i32) (param $index i32) (result i32)
    (i32.load (i32.add (local.get $array) (i32.shl (local.get $index) (i32.const 2)))))

  ;; Sixteen sums as bytes. The weights overshoot: at a hard edge a sum leaves 0..255, and the narrowing clamps it.
  (func $toBytes (param $a v128) (param $b v128) (param $c v128) (param $d v128) (result v128)
    (i8x16.narrow_i16x8_u
      (i16x8.narrow_i32x4_s
        (i32x4.shr_s (local.get $a) (i32.const 22)) (i32x4.shr_s (local.get $b) (i32.const 22)))
      (i16x8.narrow_i32x4_s
        (i32x4.shr_s (local.get $c) (i32.const 22)) (i32x4.shr_s (local.get $d) (i32.const 22))))))
