package lua

import (
	"strconv"
	"strings"

	vm "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

func (p *parser) expressionStatement() ast.Stmt {
	line := p.line
	first := p.primary()
	if _, ok := first.(*ast.FuncCallExpr); ok {
		return &ast.FuncCallStmt{Expr: first}
	}
	s := &ast.AssignStmt{}
	for target := first; ; target = p.primary() {
		if !isTarget(target) {
			p.syntaxError("syntax error")
		}
		s.Lhs = append(s.Lhs, target)
		if most := maxSyntaxLevels - p.levels; len(s.Lhs) > most {
			p.tooMany(most, "variables in assignment")
		}
		if !p.accept(',') {
			break
		}
	}
	p.take('=')
	s.Rhs = p.expressions()
	if len(s.Lhs) > 1 || p.isMiscompiled(s) {
		return p.together(s, line)
	}
	return s
}

// isMiscompiled says that the VM's compiler does not do what it should for an assignment to a local
// variable: it does not set a in a = b and c when b is false; and in a = f(b, c), when a is the last
// parameter of a function, it calls f right where that is, and over all locals behind it.
func (p *parser) isMiscompiled(s *ast.AssignStmt) bool {
	target, ok := s.Lhs[0].(*ast.IdentExpr)
	if !ok {
		return false
	}
	switch s.Rhs[0].(type) {
	case *ast.LogicalOpExpr:
		return true
	case *ast.FuncCallExpr:
		return target.Value == p.f.lastParameter
	}
	return false
}

// together does an assignment by way of new locals, since the VM's compiler sets a local variable
// before it reads the next value, so that a, b = b, a does not swap. From the new locals the values go to
// fields, and at last to variables, each in the order that Lua has.
func (p *parser) together(s *ast.AssignStmt, line int) ast.Stmt {
	block := &ast.DoBlockStmt{}
	values := &ast.LocalAssignStmt{Exprs: s.Rhs}
	var fields, variables []ast.Stmt
	for i := len(s.Lhs) - 1; i >= 0; i-- {
		name := "(value " + strconv.Itoa(i) + ")"
		values.Names = append(values.Names, "(value "+strconv.Itoa(len(s.Lhs)-1-i)+")")
		value := at(&ast.IdentExpr{Value: name}, line, line)
		set := at(&ast.AssignStmt{Lhs: []ast.Expr{s.Lhs[i]}, Rhs: []ast.Expr{value}}, line, p.last)
		if _, ok := s.Lhs[i].(*ast.IdentExpr); ok {
			variables = append(variables, set)
		} else {
			fields = append(fields, set)
		}
	}
	block.Stmts = append(append([]ast.Stmt{at(values, line, p.last)}, fields...), variables...)
	return block
}

// inBrackets is an expression in brackets, which is not what it was: it cannot be assigned to.
type inBrackets struct{ ast.Expr }

func bare(e ast.Expr) ast.Expr {
	if b, ok := e.(inBrackets); ok {
		return b.Expr
	}
	return e
}

func isTarget(e ast.Expr) bool {
	switch e.(type) {
	case *ast.IdentExpr, *ast.AttrGetExpr:
		return true
	}
	return false
}

func (p *parser) expressions() []ast.Expr {
	list := []ast.Expr{p.expression()}
	for p.accept(',') {
		list = append(list, p.expression())
	}
	return list
}

func (p *parser) expression() ast.Expr { return p.binary(0) }

// variable takes a name.
func (p *parser) variable() ast.Expr {
	line := p.line
	return at(&ast.IdentExpr{Value: p.name()}, line, line)
}

// primary is a name or an expression in brackets, with whatever is done with it.
func (p *parser) primary() ast.Expr {
	var e ast.Expr
	switch p.t {
	case tokenName:
		e = p.variable()
	case '(':
		line := p.line
		p.advance()
		e = inBrackets{one(p.expression())}
		p.match(')', '(', line)
	default:
		p.syntaxError("unexpected symbol")
	}
	for count := 0; ; p.row(&count) {
		line := p.line
		switch p.t {
		case '.':
			p.advance()
			key := at(&ast.StringExpr{Value: p.name()}, line, line)
			e = p.index(e, key, line)
		case '[':
			p.advance()
			key := p.expression()
			p.match(']', '[', line)
			e = p.index(e, key, line)
		case ':':
			p.advance()
			method := p.name()
			p.notes.index(line, p.what(e), method)
			p.notes.call(line, "method '"+method+"'")
			e = at(&ast.FuncCallExpr{Receiver: bare(e), Method: method, Args: p.arguments()}, line, line)
		case '(', tokenString, '{':
			p.noteCall(line, e)
			e = at(&ast.FuncCallExpr{Func: bare(e), Args: p.arguments()}, line, line)
		default:
			return e
		}
	}
}

func (p *parser) index(e, key ast.Expr, line int) ast.Expr {
	constant := ""
	switch key := key.(type) {
	case *ast.StringExpr:
		constant = key.Value
	case *ast.NumberExpr:
		if f, ok := parseNumber(key.Value); ok {
			constant = vm.LNumber(f).String() // as in the VM's message
		}
	}
	p.notes.index(line, p.what(e), constant)
	return at(&ast.AttrGetExpr{Object: bare(e), Key: key}, line, line)
}

// noteCall notes a call, but not of what is surely a function.
func (p *parser) noteCall(line int, e ast.Expr) {
	switch f := bare(e).(type) {
	case *ast.FunctionExpr:
	case *ast.AttrGetExpr:
		if name, ok := f.Object.(*ast.IdentExpr); ok && strings.HasPrefix(p.what(name), "global") {
			p.notes.add(site{line: line, kind: siteLibraryCall, what: p.what(e)})
			return
		}
		p.notes.call(line, p.what(e))
	case *ast.IdentExpr:
		if what := p.what(e); !strings.HasPrefix(what, "global") {
			p.notes.call(line, what)
		} else {
			p.notes.add(site{line: line, kind: siteLibraryCall, what: what})
		}
	default:
		p.notes.call(line, p.what(e))
	}
}

// what is how messages call a value that comes from e, such as "local 'x'", or "".
func (p *parser) what(e ast.Expr) string {
	switch e := bare(e).(type) {
	case *ast.IdentExpr:
		switch {
		case isLocal(p.f, e.Value):
			return "local '" + e.Value + "'"
		case p.isUpvalue(p.f, e.Value):
			return "upvalue '" + e.Value + "'"
		}
		return "global '" + e.Value + "'"
	case *ast.AttrGetExpr:
		if key, ok := e.Key.(*ast.StringExpr); ok {
			return "field '" + key.Value + "'"
		}
		return "field '?'"
	}
	return ""
}

func (p *parser) arguments() []ast.Expr {
	line := p.line
	switch p.t {
	case '(':
		if line != p.last {
			p.syntaxError("ambiguous syntax (function call x new statement)")
		}
		p.advance()
		args := []ast.Expr{}
		if p.t != ')' {
			args = p.expressions()
		}
		p.match(')', '(', line)
		return args
	case tokenString, '{':
		return []ast.Expr{p.simple()}
	}
	p.syntaxError("function arguments expected")
	return nil
}

func (p *parser) table() ast.Expr {
	line := p.line
	t := &ast.TableExpr{Fields: []*ast.Field{}}
	p.take('{')
	for p.t != '}' {
		t.Fields = append(t.Fields, p.field())
		if !p.accept(',') && !p.accept(';') {
			break
		}
	}
	p.match('}', '{', line)
	return at(t, line, p.last)
}

func (p *parser) field() *ast.Field {
	line := p.line
	switch p.t {
	case '[':
		p.advance()
		key := p.expression()
		p.take(']')
		p.take('=')
		return &ast.Field{Key: key, Value: p.expression()}
	case tokenName:
		// Only the token after it tells whether this is a key.
		p.ahead = p.next()
		p.aheadText, p.meaning = p.raw, p.value
		if p.ahead == '=' {
			key := at(&ast.StringExpr{Value: p.text}, line, line)
			p.advance()
			p.advance()
			return &ast.Field{Key: key, Value: p.expression()}
		}
	}
	return &ast.Field{Value: p.expression()}
}

func (p *parser) simple() (e ast.Expr) {
	line := p.line
	switch p.t {
	case tokenNumber:
		// The VM's compiler takes 010 for eight, and does not know what is beyond its numbers.
		f, _ := parseNumber(p.text)
		e = &ast.NumberExpr{Value: strconv.FormatFloat(f, 'g', -1, 64)}
		p.advance()
	case tokenString:
		e = &ast.StringExpr{Value: p.meaning}
		p.zeros = max(p.zeros, len(p.meaning)-len(strings.TrimLeft(p.meaning, "\x00")))
		p.advance()
	case tokenNil:
		e = &ast.NilExpr{}
		p.advance()
	case tokenTrue:
		e = &ast.TrueExpr{}
		p.advance()
	case tokenFalse:
		e = &ast.FalseExpr{}
		p.advance()
	case tokenDots:
		if !p.f.vararg {
			p.syntaxError("cannot use '...' outside a vararg function")
		}
		e = &ast.Comma3Expr{}
		p.advance()
	case '{':
		return p.table()
	case tokenFunction:
		p.advance()
		return p.body(false, line)
	default:
		return bare(p.primary())
	}
	return at(e, line, line)
}

// An operator has how strongly it binds to its left and to its right, and what makes its node.
type operator struct {
	left, right int
	node        func(l, r ast.Expr) ast.Expr
}

func arithmetic(op string) func(l, r ast.Expr) ast.Expr {
	return func(l, r ast.Expr) ast.Expr { return &ast.ArithmeticOpExpr{Operator: op, Lhs: l, Rhs: r} }
}

func relation(op string) func(l, r ast.Expr) ast.Expr {
	return func(l, r ast.Expr) ast.Expr { return &ast.RelationalOpExpr{Operator: op, Lhs: l, Rhs: r} }
}

// logic leaves no constant on the left, where the VM's compiler may make a loop of it.
func logic(op string) func(l, r ast.Expr) ast.Expr {
	return func(l, r ast.Expr) ast.Expr {
		isTrue, isConstant := truth(l)
		switch {
		case isConstant && isTrue == (op == "or"):
			return l
		case isConstant:
			return inBrackets{one(r)}
		}
		return &ast.LogicalOpExpr{Operator: op, Lhs: l, Rhs: r}
	}
}

func truth(e ast.Expr) (isTrue, isConstant bool) {
	switch e.(type) {
	case *ast.NilExpr, *ast.FalseExpr:
		return false, true
	case *ast.TrueExpr, *ast.NumberExpr, *ast.StringExpr:
		return true, true
	}
	return false, false
}

var operators = map[token]operator{
	'+': {6, 6, arithmetic("+")}, '-': {6, 6, arithmetic("-")},
	'*': {7, 7, arithmetic("*")}, '/': {7, 7, arithmetic("/")}, '%': {7, 7, nil},
	'^': {10, 9, arithmetic("^")}, tokenConcat: {5, 4, nil},
	tokenEqual: {3, 3, relation("==")}, tokenNotEqual: {3, 3, relation("~=")},
	'<': {3, 3, relation("<")}, tokenLessEqual: {3, 3, relation("<=")},
	'>': {3, 3, relation(">")}, tokenGreaterEqual: {3, 3, relation(">=")},
	tokenAnd: {2, 2, logic("and")}, tokenOr: {1, 1, logic("or")},
}

const unaryPriority = 8

// binary reads an expression of operators that bind more strongly than limit.
func (p *parser) binary(limit int) (e ast.Expr) {
	p.enter()
	line := p.line
	switch p.t {
	case tokenNot:
		p.advance()
		e = at(&ast.UnaryNotOpExpr{Expr: p.binary(unaryPriority)}, line, line)
	case '-':
		p.advance()
		right := p.binary(unaryPriority)
		p.notes.operator(line, '-', p.what(right))
		e = at(&ast.UnaryMinusOpExpr{Expr: right}, line, line)
	case '#':
		p.advance()
		right := p.binary(unaryPriority)
		p.notes.operator(line, '#', p.what(right))
		e = at(&ast.UnaryLenOpExpr{Expr: right}, line, line)
	default:
		e = p.simple()
	}
	for count := 0; ; p.row(&count) {
		op, ok := operators[p.t]
		if !ok || op.left <= limit {
			break
		}
		line, t := p.line, p.t
		p.advance()
		right := p.binary(op.right)
		p.notes.operator(line, t, p.what(e), p.what(right))
		switch t {
		case tokenConcat:
			e = p.concat(line, e, right)
		case '%':
			e = p.replacement(moduloName, line, one(e), one(right))
		default:
			e = at(bare(op.node(e, right)), line, line)
		}
	}
	p.leave()
	return e
}

// concat makes one call of a whole row of joins, which bind to the right.
func (p *parser) concat(line int, left, right ast.Expr) ast.Expr {
	args := []ast.Expr{one(left)}
	if call, ok := right.(*ast.FuncCallExpr); ok && p.isReplacement(call, concatName) {
		args = append(args, call.Args...)
	} else {
		args = append(args, one(right))
	}
	return p.replacement(concatName, line, args...)
}

func (p *parser) isReplacement(call *ast.FuncCallExpr, name string) bool {
	f, ok := call.Func.(*ast.StringExpr)
	return ok && p.replaced[f] == name
}

// one lets an expression have a single value where it could have several.
func one(e ast.Expr) ast.Expr {
	switch e := bare(e).(type) {
	case *ast.FuncCallExpr:
		e.AdjustRet = true
	case *ast.Comma3Expr:
		e.AdjustRet = true
	}
	return e
}

// replacement is a call of a function that takes the place of an operator.
func (p *parser) replacement(name string, line int, args ...ast.Expr) ast.Expr {
	f := at(&ast.StringExpr{}, line, line)
	if p.replaced == nil {
		p.replaced = map[*ast.StringExpr]string{}
	}
	p.replaced[f] = name
	return at(&ast.FuncCallExpr{Func: f, Args: args, AdjustRet: true}, line, line)
}
