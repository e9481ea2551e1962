package lua

import (
	"fmt"

	"github.com/yuin/gopher-lua/ast"
)

// The limits of Lua 5.1. They also bound how deep the VM's compiler recurses, but for rows of
// operators, calls and elseifs, which Lua takes in loops.
const (
	maxSyntaxLevels = 200
	maxLocals       = 200
	maxUpvalues     = 60
	maxRow          = 10_000
)

// parser makes the syntax tree of one chunk. It panics with a syntaxError.
type parser struct {
	lexer
	t         token
	text      string // of t, as it is written
	meaning   string // of t, when it is a string
	ahead     token  // read after t, or 0
	aheadText string
	last      int // the line of the token before t
	levels    int
	f         *function
	notes     *notes

	replaced map[*ast.StringExpr]string // what stands for a function, and for which
	zeros    int                        // the most zeros that a string begins with
}

type function struct {
	parent   *function
	line     int
	vararg   bool
	locals   []string
	upvalues map[string]bool
	loops    int

	lastParameter string
}

func (p *parser) chunkTree() []ast.Stmt {
	p.f = &function{vararg: true, upvalues: map[string]bool{}}
	p.advance()
	tree := p.block()
	p.expect(tokenEOF)
	return tree
}

func (p *parser) advance() {
	p.last = p.line
	if p.ahead != 0 {
		p.t, p.text, p.ahead = p.ahead, p.aheadText, 0
		return
	}
	p.t = p.next()
	p.text, p.meaning = p.raw, p.value
}

func (p *parser) syntaxError(message string) {
	near := p.t.String()
	if p.t == tokenName || p.t == tokenNumber || p.t == tokenString {
		near = p.text
	}
	p.fail(message, near)
}

func (p *parser) expect(t token) {
	if p.t != t {
		p.syntaxError("'" + t.String() + "' expected")
	}
}

func (p *parser) take(t token) {
	p.expect(t)
	p.advance()
}

func (p *parser) accept(t token) bool {
	if p.t != t {
		return false
	}
	p.advance()
	return true
}

// match takes what closes something that was opened on a line.
func (p *parser) match(t, opened token, line int) {
	if p.t != t && line != p.line {
		p.syntaxError(fmt.Sprintf("'%s' expected (to close '%s' at line %d)", t, opened, line))
	}
	p.take(t)
}

func (p *parser) name() string {
	p.expect(tokenName)
	name := p.text
	p.advance()
	return name
}

func (p *parser) enter() {
	if p.levels++; p.levels > maxSyntaxLevels {
		p.fail("chunk has too many syntax levels", "")
	}
}

func (p *parser) leave() { p.levels-- }

// row counts a step of what Lua has no limit for, and the VM's compiler recurses for.
func (p *parser) row(n *int) {
	if *n++; *n > maxRow {
		p.fail("chunk has too many syntax levels", "")
	}
}

func (p *parser) tooMany(limit int, what string) {
	where := "main function"
	if p.f.parent != nil {
		where = fmt.Sprintf("function at line %d", p.f.line)
	}
	p.fail(fmt.Sprintf("%s has more than %d %s", where, limit, what), "")
}

func (p *parser) declare(names ...string) {
	p.f.locals = append(p.f.locals, names...)
	if len(p.f.locals) > maxLocals {
		p.tooMany(maxLocals, "local variables")
	}
}

func isLocal(f *function, name string) bool {
	for _, l := range f.locals {
		if l == name {
			return true
		}
	}
	return false
}

func (p *parser) isUpvalue(f *function, name string) bool {
	if f.parent == nil || !isLocal(f.parent, name) && !p.isUpvalue(f.parent, name) {
		return false
	}
	f.upvalues[name] = true
	if len(f.upvalues) > maxUpvalues {
		p.f = f
		p.tooMany(maxUpvalues, "upvalues")
	}
	return true
}

func at[T ast.PositionHolder](node T, first, last int) T {
	node.SetLine(first)
	node.SetLastLine(last)
	return node
}

// block is a sequence of statements, with a scope of its own.
func (p *parser) block(names ...string) []ast.Stmt {
	p.enter()
	outer := len(p.f.locals)
	p.declare(names...)
	list := p.statements()
	p.f.locals = p.f.locals[:outer]
	p.leave()
	return list
}

func (p *parser) statements() []ast.Stmt {
	list := []ast.Stmt{}
	for !p.atBlockEnd() {
		s, isLast := p.statement()
		list = append(list, s)
		p.accept(';')
		if isLast {
			break
		}
	}
	return list
}

func (p *parser) atBlockEnd() bool {
	switch p.t {
	case tokenElse, tokenElseif, tokenEnd, tokenUntil, tokenEOF:
		return true
	}
	return false
}

func (p *parser) statement() (s ast.Stmt, isLast bool) {
	line := p.line
	switch p.t {
	case tokenIf:
		s = p.ifStatement(line)
	case tokenWhile:
		p.advance()
		w := &ast.WhileStmt{Condition: condition(p.expression())}
		p.take(tokenDo)
		w.Stmts = p.loop()
		p.match(tokenEnd, tokenWhile, line)
		s = w
	case tokenDo:
		p.advance()
		s = &ast.DoBlockStmt{Stmts: p.block()}
		p.match(tokenEnd, tokenDo, line)
	case tokenFor:
		s = p.forStatement(line)
	case tokenRepeat:
		s = p.repeatStatement(line)
	case tokenFunction:
		s = p.functionStatement(line)
	case tokenLocal:
		p.advance()
		s = p.localStatement()
	case tokenReturn:
		p.advance()
		r := &ast.ReturnStmt{}
		if !p.atBlockEnd() && p.t != ';' {
			r.Exprs = p.expressions()
		}
		s, isLast = r, true
	case tokenBreak:
		p.advance()
		if p.f.loops == 0 {
			p.syntaxError("no loop to break")
		}
		s, isLast = &ast.BreakStmt{}, true
	default:
		s = p.expressionStatement()
	}
	return at(s, line, p.last), isLast
}

func (p *parser) loop(names ...string) []ast.Stmt {
	p.f.loops++
	list := p.block(names...)
	p.f.loops--
	return withoutJump(list)
}

// The VM's compiler shortens jumps to jumps, and takes one that it has shortened already for another. So
// no loop may begin with a jump: withoutJump puts something before a break, and condition makes a
// comparison of a constant.

func withoutJump(list []ast.Stmt) []ast.Stmt {
	if !beginsWithJump(list) {
		return list
	}
	nothing := at(&ast.LocalAssignStmt{Names: []string{"(nothing)"}, Exprs: []ast.Expr{}}, list[0].Line(), list[0].Line())
	return append([]ast.Stmt{nothing}, list...)
}

func beginsWithJump(list []ast.Stmt) bool {
	for _, s := range list {
		switch s := s.(type) {
		case *ast.BreakStmt:
			return true
		case *ast.DoBlockStmt:
			if len(s.Stmts) > 0 {
				return beginsWithJump(s.Stmts)
			}
		default:
			return false
		}
	}
	return false
}

func condition(e ast.Expr) ast.Expr {
	isTrue, isConstant := truth(e)
	switch e := e.(type) {
	case *ast.UnaryNotOpExpr:
		e.Expr = condition(e.Expr)
	case *ast.LogicalOpExpr:
		e.Lhs = condition(e.Lhs)
	}
	if !isConstant {
		return e
	}
	right := "1"
	if !isTrue {
		right = "2"
	}
	number := func(value string) ast.Expr { return at(&ast.NumberExpr{Value: value}, e.Line(), e.Line()) }
	return at(&ast.RelationalOpExpr{Operator: "==", Lhs: number("1"), Rhs: number(right)}, e.Line(), e.Line())
}

func (p *parser) ifStatement(line int) ast.Stmt {
	var first, current *ast.IfStmt
	count := 0
	for p.t == tokenIf || p.t == tokenElseif {
		p.row(&count)
		here := p.line
		p.advance()
		next := &ast.IfStmt{Condition: condition(p.expression())}
		p.take(tokenThen)
		next.Then = p.block()
		at(next, here, p.last)
		if first == nil {
			first = next
		} else {
			current.Else = []ast.Stmt{next}
		}
		current = next
	}
	if p.accept(tokenElse) {
		current.Else = p.block()
	}
	p.match(tokenEnd, tokenIf, line)
	return first
}

func (p *parser) repeatStatement(line int) ast.Stmt {
	p.advance()
	p.f.loops++
	p.enter()
	outer := len(p.f.locals)
	s := &ast.RepeatStmt{Stmts: withoutJump(p.statements())}
	p.match(tokenUntil, tokenRepeat, line)
	s.Condition = p.expression() // sees the locals of the body
	p.f.locals = p.f.locals[:outer]
	p.leave()
	p.f.loops--
	return s
}

func (p *parser) forStatement(line int) ast.Stmt {
	p.advance()
	names := []string{p.name()}
	// The loop keeps three values of its own.
	hidden := []string{"(for)", "(for)", "(for)"}
	switch p.t {
	case '=':
		p.advance()
		s := &ast.NumberForStmt{Name: names[0], Init: p.bound("i", line)}
		p.take(',')
		s.Limit = p.bound("l", line)
		if p.accept(',') {
			s.Step = p.bound("s", line)
		}
		p.take(tokenDo)
		s.Stmts = p.loop(append(hidden, names...)...)
		p.match(tokenEnd, tokenFor, line)
		return s
	case ',', tokenIn:
		for p.accept(',') {
			names = append(names, p.name())
		}
		p.take(tokenIn)
		s := &ast.GenericForStmt{Names: names, Exprs: p.expressions()}
		p.take(tokenDo)
		s.Stmts = p.loop(append(hidden, names...)...)
		p.match(tokenEnd, tokenFor, line)
		return s
	}
	p.syntaxError("'=' or 'in' expected")
	return nil
}

// bound is a bound of a loop, which is made a number unless it surely is one.
func (p *parser) bound(which string, line int) ast.Expr {
	switch e := p.expression().(type) {
	case *ast.NumberExpr, *ast.UnaryLenOpExpr, *ast.ArithmeticOpExpr, *ast.UnaryMinusOpExpr:
		return e
	default:
		return p.replacement(forName, line, one(e), at(&ast.StringExpr{Value: which}, line, line))
	}
}

func (p *parser) functionStatement(line int) ast.Stmt {
	p.advance()
	target := p.variable()
	name := &ast.FuncName{Func: target}
	for name.Method == "" && (p.t == '.' || p.t == ':') {
		isMethod := p.t == ':'
		p.advance()
		here := p.line
		field := p.name()
		p.notes.index(line, p.what(target), field)
		if isMethod {
			name.Func, name.Receiver, name.Method = nil, target, field
			break
		}
		target = at(&ast.AttrGetExpr{Object: target, Key: at(&ast.StringExpr{Value: field}, here, here)}, line, line)
		name.Func = target
	}
	return &ast.FuncDefStmt{Name: name, Func: p.body(name.Method != "", line)}
}

func (p *parser) localStatement() ast.Stmt {
	if p.accept(tokenFunction) {
		name := p.name()
		p.declare(name)
		return &ast.LocalAssignStmt{Names: []string{name}, Exprs: []ast.Expr{p.body(false, p.line)}}
	}
	s := &ast.LocalAssignStmt{Names: []string{p.name()}, Exprs: []ast.Expr{}}
	for p.accept(',') {
		s.Names = append(s.Names, p.name())
	}
	if p.accept('=') {
		s.Exprs = p.expressions()
		if _, ok := s.Exprs[0].(*ast.FunctionExpr); ok && len(s.Exprs) == 1 && len(s.Names) == 1 {
			// To the compiler this would be a local function, which sees its own name.
			s.Exprs = append(s.Exprs, at(&ast.NilExpr{}, p.last, p.last))
		}
	}
	p.declare(s.Names...)
	return s
}

// body is a function's parameters and statements.
func (p *parser) body(isMethod bool, line int) *ast.FunctionExpr {
	f := &function{parent: p.f, line: line, upvalues: map[string]bool{}}
	p.f = f
	e := &ast.FunctionExpr{ParList: &ast.ParList{Names: []string{}}}
	p.take('(')
	for p.t != ')' || len(e.ParList.Names) > 0 {
		switch p.t {
		case tokenName:
			e.ParList.Names = append(e.ParList.Names, p.name())
		case tokenDots:
			p.advance()
			f.vararg, e.ParList.HasVargs = true, true
		default:
			p.syntaxError("<name> or '...' expected")
		}
		if f.vararg || !p.accept(',') {
			break
		}
	}
	p.take(')')
	locals := []string{}
	if isMethod {
		locals = append(locals, "self")
	}
	if locals = append(locals, e.ParList.Names...); len(locals) > 0 {
		f.lastParameter = locals[len(locals)-1]
	}
	if f.vararg {
		locals = append(locals, "arg")
	}
	e.Stmts = p.block(locals...)
	end := p.line
	p.match(tokenEnd, tokenFunction, line)
	p.f = f.parent
	return at(e, line, end)
}
